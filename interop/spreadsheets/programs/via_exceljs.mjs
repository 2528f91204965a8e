// Reads a CSV file or a workbook and writes one or the other. Edits cells of a workbook, given as JSON:
// [[row below the header, column, text or time], …]. It cannot read what openpyxl has saved.
import ExcelJS from "exceljs";

const [source, target, edits = "[]"] = process.argv.slice(2);
const workbook = new ExcelJS.Workbook();
await (source.endsWith(".csv") ? workbook.csv.readFile(source) : workbook.xlsx.readFile(source));
for (const [row, column, value] of JSON.parse(edits)) {
    const isTime = /^\d{4}-\d\d-\d\dT[\d:]{8}$/.test(value);
    workbook.worksheets[0].getCell(row + 2, column + 1).value = isTime ? new Date(value + "Z") : value;
}
await (target.endsWith(".csv") ? workbook.csv.writeFile(target) : workbook.xlsx.writeFile(target));
