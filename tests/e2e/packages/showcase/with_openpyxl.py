"""A workbook with formulas and styles, written row by row to the temporary folder, and read again."""

import tempfile
from datetime import date
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font


def facts():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fish.xlsx")
        book = Workbook()
        sheet = book.active
        sheet.title = "Größe"
        for row in (["name", "kg"], ["cod", 1.5], ["鯨", 9000], [date(2024, 2, 29), "=SUM(B2:B3)"]):
            sheet.append(row)
        sheet["A1"].font = Font(bold=True)
        book.save(path)
        streamed = Workbook(write_only=True)  # each sheet is a temporary file first
        rows = streamed.create_sheet("rows")
        for number in range(1000):
            rows.append([number, number**2])
        streamed.save(path.with_name("rows.xlsx"))
        again = load_workbook(path)
        many = load_workbook(path.with_name("rows.xlsx"), read_only=True)
        found = {
            "sheets": again.sheetnames,
            "values": [[str(value) for value in row] for row in again.active.iter_rows(values_only=True)],
            "bold": [again.active["A1"].font.bold, again.active["A2"].font.bold],
            "last row": list(many["rows"].iter_rows(min_row=1000, values_only=True))[-1],
            "files": sorted(file.name for file in Path(folder).iterdir()),
        }
        many.close()
    return {**found, "left behind": path.exists() or Path(folder).exists()}
