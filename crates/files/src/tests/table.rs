//! CSV: what is read of it, and what is refused and where.

use domain::{Member, Priority};

use super::*;

#[test]
fn a_table_is_read_by_its_header() {
    assert_eq!(one(&table(&[ROW])), one(&record("1", "")));
    check(
        &table(&[ROW, "29,,,,,,,,,2026-02-03T04:05:06Z"]),
        "1 s\n29 removed 2026-02-03T04:05:06.000+00:00",
    );
    check(
        &format!("\u{feff}\n{}", table(&["", ROW, ",,,,,,,,,", ROW]).replace('\n', "\r\n")),
        "1 s\n1 s",
    );
    check(&table(&[]), "");
    check(
        "colour,activityId,subject,startDateTime,activityStatus.id,activityStatus.name,activityPriority,\nred,1,s,2014-04-08T11:00:00Z,2,n,LOW,x\n,2,s,2014-04-08T11:00:00Z,2,n,LOW,",
        "1 s\n2 s\nignored colour 1\nignored column 8 1",
    );
    let quoted = r#"1,"a, ""b""","one
two",2014-04-08T11:00:00 0500,2,n,HIGH, Ada ,"[{""fieldId"":7,""fieldValue"":""x""}]","#;
    let (_, activity) = one(&table(&[quoted]));
    assert_eq!(activity.subject.as_str(), r#"a, "b""#);
    assert_eq!(
        activity.note.as_str(),
        "one
two"
    );
    assert_eq!(activity.start.to_string(), "2014-04-08T11:00:00.000+05:00");
    assert_eq!(activity.created_by.as_deref(), Some(" Ada "));
    assert_eq!(activity.custom_fields, [custom_field("7", Some("x"), None)]);
}

#[test]
fn a_table_names_the_columns_that_it_has() {
    let table = "activityId,subject,endDateTime,startDateTime,activityStatus.id,activityStatus,activityPriority,clientId\n1,s,,2014-04-08T11:00:00-05:00,2,n,normal,7";
    assert_eq!(named(table), [Member::End, Member::Client]);
}

#[test]
fn every_fault_of_a_table_names_its_row_and_member() {
    let bad = ROW.replace("normal", "pressing");
    let expected = |row: u32| {
        format!(r#"f, row {row}: activityPriority is "pressing", expected LOW, NORMAL or HIGH"#)
    };
    check(&table(&[ROW, &bad]), &expected(3));
    check(&format!("\n\n{}", table(&["", ROW, "", "", &bad])), &expected(8));
    check(&table(&["", ROW, "", "", &bad]).replace('\n', "\r\n"), &expected(6));
    // A long row, of several of the reader's own buffers.
    let long = ROW.replace("s,", &format!("s,\"{}\"", "x\n".repeat(9_000)));
    check(&table(&[&long, &bad]), &expected(3));
    let bad = bad.replace("s,", "s,\"one\ntwo\n\"");
    check(&table(&[ROW, &bad]), &expected(3));
    check(&format!("sep=,\n{}", table(&[ROW, &bad])), &expected(3));
    check(&table(&[ROW, ",s,\"a\nb\",,,n,low,,,"]), "f, row 3: startDateTime is missing");
    check(
        &table(&[ROW, "1,s"]),
        "f, row 3: startDateTime is missing\nf, row 3: activityStatus.name is missing\nf, row 3: activityPriority is missing",
    );
    check(
        &table(&[&format!("{ROW},x"), ROW]),
        "f, row 2: this row has 11 cells, but the header row has 10: a comma, semicolon or tab inside a text has split it. Put such texts in quotation marks",
    );
    check(
        &table(&[ROW, "1,\"s"]),
        "f, row 3: a quoted cell in this row is not closed before the end of the file",
    );
    check(
        &table(&[ROW, &ROW.replace("s,", "\"s,"), ROW, ""]),
        "f, row 3: a quoted cell in this row is not closed before the end of the file",
    );
    check(
        &table(&[&ROW.replace(",,,", r#",,"{""customFieldData"":[} ","#)]),
        r#"f, row 2: customFieldDataList: expected a value: text in quotation marks, a number, true, false, null, a list or an object"#,
    );
    check(
        &table(&[&ROW.replace(",,,", r#",,blue,"#)]),
        "f, row 2: customFieldData is blue, expected an object with fieldId, fieldValue and fieldOptionId",
    );
    check(
        &table(&[&ROW.replace(",,,", ",,\"{\"\"customFieldData\"\":[\n{}]}\",")]),
        "f, row 2: fieldId is missing",
    );
    let trailing = ROW.replace(",,,", r#",,"{""customFieldData"":[]} 1","#);
    check(&table(&[&trailing]), "f, row 2: customFieldDataList: unexpected text after the value");
    check("activityId,ActivityID,subject\n", "f, row 1: the header row has activityId twice");
    let bytes = [table(&[ROW]).as_bytes(), b"\n1,\xff,"].concat();
    assert_eq!(
        read_bytes(&bytes).unwrap_err().to_string(),
        "f, row 3: this is not UTF-8: save the file as CSV with the encoding Unicode (UTF-8)"
    );
}

#[test]
fn a_table_is_separated_by_what_its_header_row_is() {
    for separator in [";", "\t"] {
        let row = "1,\"a, b; c\td\",,2014-04-08T11:00:00-05:00,2,n,normal,,,";
        let table = table(&[row]).replace(',', separator).replace(&format!("a{separator}"), "a,");
        let (_, activity) = one(&table);
        assert!(activity.subject.as_str().starts_with("a, b"), "{table}");
        assert_eq!(activity.status_name.as_str(), "n");
    }
}

#[test]
fn a_name_in_the_header_may_have_quotation_marks_and_a_mark_around_it() {
    // A program that does not know the mark of UTF-8 takes it and the quotation marks for the name.
    let header = table(&[]).replacen("createdDateTime", "\u{feff}\"\"\"createdDateTime\"\"\"", 1);
    let input = header.replace("\u{feff}\"", "\"\u{feff}") + ROW;
    let (taken, summary) = read_bytes(input.as_bytes()).unwrap();
    assert_eq!((taken.len(), summary.ignored), (1, Ignored::default()), "{input}");
}

#[test]
fn a_time_with_the_offset_of_another_zone_than_its_column_is_refused() {
    let head =
        "activityId,subject,startDateTime (America/Chicago),activityStatus.name,activityPriority";
    let row = |start: &str| format!("{head}\n1,s,{start},n,LOW\n");
    assert_eq!(told(&row("2026-11-30T09:00:00-06:00")), "1 s");
    assert_eq!(
        told(&row("2026-11-30T09:00:00+00:00")),
        "f, row 2: startDateTime is 2026-11-30T09:00:00+00:00, but the column has times of America/Chicago: write the time without an offset, or take America/Chicago out of the column's name"
    );
    assert_eq!(told(&row("2026-11-30T09:00:00+00:00").replace(" (America/Chicago)", "")), "1 s");
}

#[test]
fn the_texts_of_a_guarded_table_are_read_as_they_were() {
    let texts = ["'+49 30", "''quoted'", "''", "'tis", "plain", "'='", "'00123", "'N/A", "''1"];
    let subjects = |header: &str| {
        let rows: Vec<_> =
            texts.iter().map(|text| ROW.replacen("s,", &format!("\"{text}\","), 1) + ",").collect();
        let input = table(&[]).replacen('\n', &format!(",{header}\n"), 1) + &rows.join("\n");
        let (taken, summary) = read_bytes(input.as_bytes()).unwrap();
        assert_eq!(summary.ignored, Ignored::default());
        let subject = |item: &Imported| match item {
            Imported::Record { activity, .. } => activity.subject.to_string(),
            Imported::Removed { .. } => String::new(),
        };
        taken.iter().map(subject).collect::<Vec<_>>()
    };
    assert_eq!(
        subjects(domain::GUARD_COLUMN),
        ["+49 30", "'quoted'", "'", "'tis", "plain", "='", "00123", "N/A", "'1"]
    );
    // A program has taken the apostrophe for a sign of its own, and off all texts.
    assert_eq!(subjects("guarded"), texts);
}

#[test]
fn zeros_are_no_client_and_no_person_and_an_id_is_what_the_api_takes() {
    let with = |client: &str, user: &str| {
        format!(
            "activityId,subject,startDateTime,activityStatus.id,activityStatus,activityPriority,clientId,systemUserId\n1,s,2014-04-08T11:00:00Z,2,n,LOW,{client},{user}"
        )
    };
    for zero in ["0", "000", "000000000000000", "0000000000000000000000000000000000000000", " 0 "] {
        let (_, activity) = one(&with(zero, zero));
        assert_eq!((activity.client, activity.system_user), (None, None), "{zero}");
    }
    let json = record("1", r#","clientId":0,"systemUserId":"000""#);
    let (_, activity) = one(&json);
    assert_eq!((activity.client, activity.system_user), (None, None));
    assert_eq!(named(&json), [Member::Client, Member::SystemUser]);
    let (_, activity) = one(&with("0077", " 12"));
    assert_eq!(
        (activity.client.map(|id| id.0), activity.system_user.map(|id| id.0)),
        (Some(77), Some(12))
    );
    let expected = "a whole number from 1 to 9007199254740991";
    for wrong in ["-5", "9007199254740992", "1.5", "x"] {
        check(
            &with(wrong, wrong),
            &format!(
                "f, row 2: clientId is \"{wrong}\", expected {expected}, or 0 for none\nf, row 2: systemUserId is \"{wrong}\", expected {expected}, or 0 for none"
            ),
        );
    }
    for wrong in ["0", "-1"] {
        check(
            &record(wrong, "").replace("\"2\"", wrong),
            &format!(
                "f, line 1: activityId is {wrong}, expected {expected}\nf, line 1: activityStatus.id is {wrong}, expected {expected}"
            ),
        );
    }
}

#[test]
fn a_time_that_cannot_be_kept_is_refused_and_never_moved() {
    for member in ["createdDateTime", "lastModifiedDateTime", "endDateTime"] {
        for time in ["9999-12-31T00:00:00Z", "9999-12-31T00:00:00 0600", "0001-01-01T00:00:00Z"] {
            check(
                &record("1", &format!(r#","{member}":"{time}""#)),
                &format!(
                    r#"f, line 1: {member} is "{time}", expected a time from 0001-01-02T00:00:00.000+00:00 to 9999-12-29T23:59:59.999+00:00"#
                ),
            );
        }
    }
    let last = "9999-12-30T17:59:59.999+18:00";
    let (_, activity) = one(&record("1", &format!(r#","endDateTime":"{last}""#)));
    assert_eq!(activity.end.map(|end| end.to_string()).as_deref(), Some(last));
}

#[test]
fn names_that_people_use_are_known_where_there_is_one_for_its_member() {
    let row = "Call,2026-11-30 09:00,2026-11-30 10:00,Not Started,HIGH\n";
    for header in [
        "Subject,Start,End,Status,Priority\n",
        "TITLE,Start Date,End time,Activity status,priority\n",
        "subject,Start (America/Chicago),end (-06:00),Status,Priority\n",
    ] {
        let (_, activity) = one(&format!("{header}{row}"));
        assert_eq!(activity.subject.as_str(), "Call", "{header}");
        assert_eq!(activity.start.to_string(), "2026-11-30T09:00:00.000-06:00", "{header}");
        assert_eq!(activity.end.unwrap().to_string(), "2026-11-30T10:00:00.000-06:00");
        assert_eq!(activity.status_name.as_str(), "Not Started");
        assert_eq!(activity.priority, Priority::High);
    }
    // The member's own name counts, and of two usual ones neither.
    let (taken, summary) = read_bytes(
        "Subject,startDateTime,Start,Status,Priority\nCall,2026-11-30 09:00,soon,n,LOW\n"
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(summary.ignored.names().map(|(name, _)| name).collect::<Vec<_>>(), ["Start"]);
    check(
        "Subject,Start date,Start time,Status\nCall,2026-11-30,09:00,n\n",
        "f, row 1: the first row has no column for startDateTime, activityPriority, and no activityId: new activities need subject, startDateTime, activityStatus.name and activityPriority. It has: Subject, Start date, Start time, Status",
    );
}

#[test]
fn what_is_no_text_is_no_table() {
    for start in [
        &b"\x89PNG\r\n\x1a\n"[..],
        b"\xFF\xD8\xFF\xE0",
        b"%PDF-1.7\n",
        b"GIF89a",
        b"a,b\0\0\0\0c\n",
    ] {
        let error = read_bytes(start).unwrap_err().to_string();
        assert_eq!(
            error,
            "f: this is not a table: expected a workbook (.xlsx, .ods), CSV, or saved answers or exports (JSON, JSON lines)"
        );
    }
}
