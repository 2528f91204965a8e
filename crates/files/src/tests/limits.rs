//! How much is read, kept, told and handed over.

use super::*;

#[test]
fn a_row_beyond_the_limit_ends_the_file() {
    let endless = table(&[ROW, "1,\"s"]) + &"x\n".repeat(crate::ROW_BYTES_MAX / 2);
    let error = read("f", endless.as_bytes(), reading(&mut ImportNames::of_nothing()), &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "f, row 3: this row is larger than 16 MiB: is a quotation mark missing?"
    );
}

#[test]
fn a_missing_brace_does_not_take_the_rest_of_the_file_into_memory() {
    let line = record("1", "") + "\n";
    let lines = line.replacen("}\n", "\n", 1) + &line.repeat(400_000);
    let mut source = lines.as_bytes();
    let error = read("f", &mut source, reading(&mut ImportNames::of_nothing()), &mut |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "f, line 2: this is not valid JSON: expected a comma before the next member, or the } that ends the object"
    );
    assert!(source.len() > 30 << 20, "{} bytes are left", source.len());
}

#[test]
fn a_document_on_one_line_may_be_long() {
    let records = vec![record("1", ""); 150_000].join(",");
    let document = format!("[{records}]\n5");
    assert!(document.len() > 20 << 20);
    let mut count = 0;
    let error =
        read("f", document.as_bytes(), reading(&mut ImportNames::of_nothing()), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
    assert_eq!(count, 150_000);
    assert_eq!(error.unwrap_err().to_string(), "f, line 2: the record is 5, expected an object");
}

#[test]
fn problems_are_shown_up_to_a_limit_and_nothing_is_handed_over_after_the_first() {
    let bad = record("0", "") + "\n";
    let input = format!("{0}\n{1}{0}\n{0}", record("1", ""), bad.repeat(25));
    let mut count = 0;
    let error = read("f", input.as_bytes(), reading(&mut ImportNames::of_nothing()), &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    let text = error.unwrap_err().to_string();
    assert_eq!(count, 1);
    assert_eq!(text.lines().count(), 21);
    assert!(text.starts_with("f, line 2: activityId is 0, expected "), "{text}");
    assert!(text.ends_with("\nf: and 5 more problems"), "{text}");
}

#[test]
fn a_break_ends_the_reading() {
    for input in
        [format!("{0}\n{0}\n{{", record("1", "")), table(&[ROW, ROW, "x"]), format!("[{SAMPLE}]")]
    {
        let summary =
            read("f", input.as_bytes(), reading(&mut ImportNames::of_nothing()), &mut |_| {
                ControlFlow::Break(())
            });
        assert_eq!(summary.unwrap().records, 1, "{input}");
    }
}

#[test]
fn a_source_that_fails_is_named() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    for start in ["", "{", HEADER] {
        let source = BufReader::new(std::io::Read::chain(start.as_bytes(), Broken));
        let error = read("f", source, reading(&mut ImportNames::of_nothing()), &mut |_| {
            ControlFlow::Continue(())
        });
        assert_eq!(error.unwrap_err().to_string(), "f: the disk is gone");
    }
}
