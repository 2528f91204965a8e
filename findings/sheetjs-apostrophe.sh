#!/usr/bin/env bash
# An apostrophe in front of a cell of CSV, the usual guard against being taken for a formula or a date, does not keep
# SheetJS (npm: xlsx 0.18.5) from reading a date: '2026-11-30 becomes a number, and is written as 11/30/26, without
# the apostrophe. 'N/A and '00123 stay texts. With { raw: true } all of them do.
#
# Seen 2026-11-30 with Node.js 20.20.2:
#   "'2026-11-30" n "11/30/26"
#   "'00123" s "'00123"
#   raw "'2026-11-30" s "'2026-11-30"
# Exits 1 if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-save --no-audit --no-fund --silent xlsx@0.18.5
cat > "$folder/read.mjs" <<'END'
import XLSX from "xlsx";

const cell = (text, options) => {
    const sheet = XLSX.read(`name\n"${text}"\n`, { type: "string", ...options }).Sheets.Sheet1;
    return `${JSON.stringify(text)} ${sheet.A2.t} ${JSON.stringify(XLSX.utils.format_cell(sheet.A2))}`;
};
console.log(cell("'2026-11-30"));
console.log(cell("'00123"));
console.log(`raw ${cell("'2026-11-30", { raw: true })}`);
END
found=$(TZ=UTC node "$folder/read.mjs")
echo "$found"
[ "$found" = "\"'2026-11-30\" n \"11/30/26\"
\"'00123\" s \"'00123\"
raw \"'2026-11-30\" s \"'2026-11-30\"" ]
