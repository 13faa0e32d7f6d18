"""A workbook with a chart and formats, through its temporary files, into the temporary folder; its XML."""

import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import xlsxwriter


def facts():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sums.xlsx"
        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("sums")
            bold = book.add_format({"bold": True, "num_format": "0.00"})
            for row in range(100):
                sheet.write_number(row, 0, row, bold)
                sheet.write_string(row, 1, "ü")
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=sums!$A$1:$A$100"})
            sheet.insert_chart("D2", chart)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            rows = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))
            damaged = archive.testzip()
    return {
        "chart": "xl/charts/chart1.xml" in names,
        "rows": len(rows.findall(".//{*}row")),
        "damaged": damaged,
        "left behind": Path(folder).exists(),
    }
