//! CSV: what is read of it, and what is refused and where.

use domain::Member;

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
fn every_fault_of_a_table_names_its_line_and_member() {
    let bad = ROW.replace("normal", "urgent");
    let expected = |line: u32| {
        format!(r#"f, line {line}: activityPriority is "urgent", expected LOW, NORMAL or HIGH"#)
    };
    check(&table(&[ROW, &bad]), &expected(3));
    check(&format!("\n\n{}", table(&["", ROW, "", "", &bad])), &expected(8));
    check(&table(&["", ROW, "", "", &bad]).replace('\n', "\r\n"), &expected(6));
    // A long row, of several of the reader's own buffers.
    let long = ROW.replace("s,", &format!("s,\"{}\"", "x\n".repeat(9_000)));
    check(&table(&[&long, &bad]), &expected(9_003));
    let bad = bad.replace("s,", "s,\"one\ntwo\n\"");
    check(&table(&[ROW, &bad]), &expected(5));
    check(
        &table(&[ROW, ",s,\"a\nb\",,,n,low,,,"]),
        "f, line 3: activityId is missing\nf, line 3: startDateTime is missing\nf, line 3: activityStatus.id is missing",
    );
    check(&table(&[ROW, "1,s"]), "f, line 3: this row has 2 cells, but the header row has 10");
    check(
        &table(&[&format!("{ROW},"), ROW]),
        "f, line 2: this row has 11 cells, but the header row has 10",
    );
    check(
        &table(&[ROW, "1,\"s"]),
        "f, line 3: a quoted cell of this row is not closed before the file ends",
    );
    check(
        &table(&[ROW, &ROW.replace("s,", "\"s,"), ROW, ""]),
        "f, line 3: a quoted cell of this row is not closed before the file ends",
    );
    check(
        &table(&[&ROW.replace(",,,", r#",,"{""customFieldData"":[} ","#)]),
        r#"f, line 2: customFieldDataList: expected a value: text in quotation marks, a number, true, false, null, a list or an object"#,
    );
    check(
        &table(&[&ROW.replace(",,,", r#",,blue,"#)]),
        "f, line 2: customFieldData is blue, expected an object with fieldId, fieldValue and fieldOptionId",
    );
    check(
        &table(&[&ROW.replace(",,,", ",,\"{\"\"customFieldData\"\":[\n{}]}\",")]),
        "f, line 3: fieldId is missing",
    );
    let trailing = ROW.replace(",,,", r#",,"{""customFieldData"":[]} 1","#);
    check(
        &table(&[&trailing]),
        "f, line 2: customFieldDataList: something stands behind the value",
    );
    check(
        "activityId,ActivityID,subject\n",
        "f, line 1: the header row has activityId twice\nf, line 1: the header row lacks startDateTime, activityStatus.id, activityStatus.name, activityPriority: expected JSON, or CSV whose first row names the members, with commas between them",
    );
    let bytes = [table(&[ROW]).as_bytes(), b"\n1,\xff,"].concat();
    assert_eq!(
        read_bytes(&bytes).unwrap_err().to_string(),
        "f, line 3: this is not UTF-8: save the file with that encoding"
    );
}
