"""Activities that programs for tables like to change. Those that few programs can keep, or even read, are in an
organization of their own, so that they do not hide what happens to the others."""

ZONE = "Europe/Berlin"

STATUSES = {2: "Not Started", 4: "Completed", 40: "=Parked", 41: "N/A", 42: "00123", 43: "TRUE", 44: "1-2", 45: "none"}
USERS = {11: "'tis Ada", 12: "None", 13: "Null", 14: "+49 30 5550100", 15: "TRUE"}
ACCOUNTS = {
    101: "=1+1 Ltd", 102: "N/A", 103: "00123", 104: "1,234", 105: "Müller; Söhne & Co", 106: "'quoted'",
    123456789012345: "the last account",
}

TEXTS = [
    # formulas, and what guards against them
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "-- urgent; today --", "+49 30 5550100", "0049 30 5550100", "'tis", "''",
    "'", "'quoted'", "'=1+1", "'00123", "'N/A", "=HYPERLINK(\"http://example.org\")",
    # numbers
    "00123", "0", "1E5", "1e-3", "+4930555", " 42", "42 ", "1,234", "1.234", "1.234,5", "1,234.50", "1'234", "1 234", ".5",
    "50%", "$5", "5 €", "€5", "(5)", "12345678901234567890", "0x1F", "1/2", "1 1/2", "٣", "Infinity", "-inf", "NaN",
    # dates and times
    "1-2", "1.2.3", "1.2.", "9:00", "9:00 AM", "10:15:30", "26:00", "2026-11-30", "11/30/2026", "30.11.2026", "02.03.2026",
    "2026-11-30T09:00:00", "2026-11-30T09:00:00Z", "2026-11-30 09:00", "30 Nov 2026", "Nov 30, 2026", "30. November 2026",
    "Nov 2026", "MAR1", "Dez 24", "2026/11/30", "20261130", "tomorrow", "3 days", "2h 30m",
    # words that stand for something
    "TRUE", "false", "WAHR", "yes", "No", "Y", "t", "N/A", "n/a", "NA", "None", "NULL", "null", "nan", "<NA>", ".", "-",
    "ERR:502", "undefined",
    # signs
    "a;b", "a,b", "a\tb", "\tindented", "tab at the end\t", "one\ntwo", "one\r\ntwo", "one\rtwo", "\r\nsecond line", "ends\n",
    'say "hello"', '"quoted"', '"', "  blanks at both ends  ", "two  blanks", "back\\slash", "pipe|pipe", "#hash",
    "sep=;", "<b>&amp;</b>", "_x0041_", "Grüße aus Łódź", "日本語", "🎉 party", "e\u0301", "a\u00a0b", "\u00a0", "\ufeffmark",
    "line\u2028separator", "a\u0085b", "\u200bzero", "مرحبا", "plain", "long " * 2000,
]

# Control characters, errors, and a text too long for a cell of a workbook.
EXTREME = ["a\u000bb", "a\u0001b", "#REF!", "#DIV/0!", "#NAME?", "#N/A", "long " * 8000, "plain", "plain", "plain"]

IDS = [999, 1000, 65536, 100000, 1000000, 12345678901, 123456789012, 1234567890123, 12345678901234, 123456789012345]

# More digits than most programs keep.
LONG_IDS = [1234567890123456, 9007199254740989, 9007199254740990, 9007199254740991]

TIMES = [
    "2026-11-30T09:00:00.000+01:00", "2026-11-30T09:00:00.123+01:00", "2026-11-30T08:59:59.999+01:00",
    "2026-11-30T23:59:59.999+01:00", "2026-12-01T00:00:00.000+01:00", "2026-10-25T02:30:00.000+02:00",
    "2026-10-25T02:30:00.000+01:00", "2026-03-29T03:00:00.000+02:00", "2026-11-30T09:00:00.000+05:30",
    "2026-11-30T09:00:00.000-06:00", "2026-07-01T12:34:56.789+02:00", "2026-11-30T10:15:01.000+01:00",
    "1970-01-01T00:00:00.000+00:00", "1900-02-28T12:00:00.000+01:00", "1969-12-31T23:59:59.999+01:00",
    "2099-12-31T23:45:00.000+01:00",
]

FIELDS = [
    None, [{"fieldId": "1", "fieldValue": "blue"}], [{"fieldId": "00123", "fieldValue": "=1+1"}, {"fieldId": "2", "fieldOptionId": "3"}],
    [{"fieldId": "1", "fieldValue": "Grüße; \"x\"\tß\n"}], [{"fieldId": "N/A", "fieldValue": ""}],
]


ORGANIZATIONS = {"awkward": (TEXTS, IDS), "extreme": (EXTREME, LONG_IDS)}


def activities(texts, ids):
    """Records as `export` writes them."""
    for n in range(len(texts) + len(ids)):
        text, other = texts[n % len(texts)], texts[(n * 7 + 3) % len(texts)]
        status = list(STATUSES)[n % len(STATUSES)]
        record = {
            "createdDateTime": TIMES[n % 5], "createdBy": other[:20] if n % 3 else None,
            "lastModifiedDateTime": f"2026-11-29T09:{n // 60:02}:{n % 60:02}.{n * 7 % 1000:03}+01:00",
            "lastModifiedBy": text[:20] if n % 4 else None,
            "activityId": ids[n - len(texts)] if n >= len(texts) else n + 1,
            "subject": (text if text.strip() else f"blank {n}")[:1000], "note": other if n % 5 else "",
            "startDateTime": TIMES[n % len(TIMES)],
            "endDateTime": TIMES[(n + 1) % len(TIMES)] if n % 3 else None,
            "clientId": list(ACCOUNTS)[n % len(ACCOUNTS)] if n % 4 else None,
            "systemUserId": list(USERS)[n % len(USERS)] if n % 7 else None,
            "activityStatus": {"id": str(status), "name": STATUSES[status]},
            "activityPriority": ["LOW", "NORMAL", "HIGH"][n % 3],
        }
        if fields := FIELDS[n % len(FIELDS)]:
            record["customFieldDataList"] = {"customFieldData": fields}
        yield {name: value for name, value in record.items() if value is not None}
