// Reads a CSV file or a workbook and writes one or the other.
import { readFileSync, writeFileSync } from "node:fs";
import XLSX from "xlsx";

const [source, target, text] = process.argv.slice(2);
const workbook = XLSX.read(readFileSync(source), text ? { raw: true, codepage: 65001 } : {});
if (target.endsWith(".csv")) {
    writeFileSync(target, XLSX.utils.sheet_to_csv(workbook.Sheets[workbook.SheetNames[0]]));
} else {
    writeFileSync(target, XLSX.write(workbook, { type: "buffer", bookType: "xlsx" }));
}
