// Reads a CSV file or a workbook and writes one or the other.
import ExcelJS from "exceljs";

const [source, target] = process.argv.slice(2);
const workbook = new ExcelJS.Workbook();
await (source.endsWith(".csv") ? workbook.csv.readFile(source) : workbook.xlsx.readFile(source));
await (target.endsWith(".csv") ? workbook.csv.writeFile(target) : workbook.xlsx.writeFile(target));
