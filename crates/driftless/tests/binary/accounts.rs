//! Accounts by name, imported and listed.

use crate::folder::{Folder, either_way};

const FILE: &str = "id,name\n12,Ada Byron\n7,\"Müller, Zoë\"\n3480,byron books\n";

#[test]
fn a_file_of_names_is_taken_in() {
    let told = either_way(|folder| {
        folder.write("accounts.csv", FILE);
        // What a spreadsheet makes of it: another order, more columns, a byte order mark.
        folder.write("sheet.csv", "\u{feff}Name,City,clientId\n Ada Lovelace ,London,12\n");
        folder.write("twice.csv", "id,name\n7,Other\n7,Zoë\n");
        folder.write("empty.csv", "id,name\n");
        folder.write("nothing.csv", "");
        // Rows of empty cells below the last one, and what another country's writes.
        folder.write("semicolons.csv", "\nID;NAME\r\n;\r\n12;\"Doe; Jane\"\r\n\r\n;\r\n7;Zoë\r\n");
        folder.transcript(&[
            "org add acme",
            "accounts list acme",
            "accounts import acme accounts.csv",
            "accounts import acme accounts.csv",
            "accounts list acme",
            "accounts import acme sheet.csv twice.csv",
            "accounts import acme empty.csv nothing.csv",
            "accounts import acme semicolons.csv",
            "accounts list acme",
            "accounts list nowhere",
        ])
    });
    insta::assert_snapshot!("accounts", told);
}

#[test]
fn a_wrong_file_is_named_with_its_line_and_changes_nothing() {
    let told = either_way(|folder| {
        folder.ok("org add acme");
        folder.write("good.csv", "id,name\n1,One\n");
        let wrong: [(&str, &[u8]); 13] = [
            ("no-head.csv", b"12,Ada\n"),
            ("no-name.csv", b"id,city\n12,London\n"),
            ("words.csv", b"id,name\n12,Ada\ntwelve,Bob\n"),
            ("zero.csv", b"id,name\n0,Ada\n"),
            ("large.csv", b"id,name\n9007199254740992,Ada\n"),
            ("nameless.csv", b"id,name\n12,\n"),
            ("short.csv", b"id,name\n12\n"),
            ("comma.csv", b"id,name\n12,Ada\n7,Doe, Jane\n"),
            ("two-names.csv", b"id,name,Name\n12,Ada,Bob\n"),
            ("two-ids.csv", b"id,clientId,name\n12,13,Ada\n"),
            ("unclosed.csv", b"id,name\n12,\"Ada\n7,Bob\n"),
            ("nul.csv", b"id,name\n12,A\0da\n"),
            ("latin.csv", b"id,name\n12,Ada\n7,Zo\xeb\n"),
        ];
        let mut lines = vec!["accounts import acme missing.csv".to_owned()];
        for (name, content) in wrong {
            folder.write(name, content);
            lines.push(format!("accounts import acme good.csv {name}"));
        }
        lines.push("accounts import acme words.csv good.csv comma.csv".to_owned());
        lines.extend(["accounts import nowhere good.csv", "accounts list acme"].map(str::to_owned));
        folder.transcript(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    });
    insta::assert_snapshot!("accounts_wrong", told);
}

#[test]
fn names_come_over_standard_input_and_in_many_steps() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let rows: String = (1..=5_000).map(|n| format!("{n},Name {n:04}\n")).collect();
    let output = folder.run_with_input("accounts import acme -", &format!("id,name\n{rows}"));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.err.contains("5000 accounts read; 5000 added or renamed"), "{output:?}");
    let output = folder.run_with_input("accounts import acme -", "id,name\n1,Ada\n");
    assert!(output.err.contains("1 account read; 1 added or renamed"), "{output:?}");
    let server = folder.serve();
    let listed = folder.ok("accounts list acme");
    assert_eq!(listed.lines().count(), 5_001);
    assert!(listed.ends_with("5000  Name 5000\n"), "{listed:.200}");
    server.stop();
}

#[test]
fn accounts_without_an_id_get_one_unless_their_name_is_there() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.write("accounts.csv", "id,name\n12,Ada Byron\n");
    folder.ok("accounts import acme accounts.csv");
    folder.write("names.csv", "Name\nBlue Rivers\nada byron\nHarbor Bakery\nBlue Rivers\n");
    let output = folder.run("accounts import acme names.csv");
    assert!(output.err.contains("ids of new accounts: 13, 14\n"), "{output:?}");
    let again = folder.run("accounts import acme names.csv");
    assert!(again.err.contains("4 accounts read; 0 added or renamed"), "{again:?}");
    folder.write("mixed.csv", "id,name\n,New\n40,Forty\n");
    assert!(folder.run("accounts import acme mixed.csv").err.contains("ids of new accounts: 41\n"));
    let listed = folder.ok("accounts list acme");
    for line in ["12  Ada Byron", "13  Blue Rivers", "14  Harbor Bakery", "41  New"] {
        assert!(listed.contains(line), "{line} in {listed}");
    }
}
