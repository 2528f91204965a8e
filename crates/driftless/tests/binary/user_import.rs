//! Many people at once, from a file.

use crate::folder::{Folder, either_way};
use crate::people::signs_in;

#[test]
fn people_come_from_a_file_and_get_their_passwords_afterwards() {
    let told = either_way(|folder| {
        folder.write(
            "people.csv",
            "name,id,role,login\nAda Byron,101132,Admin,Ada@example.org\nEd Cohen,,,\n",
        );
        // What a spreadsheet makes of it.
        folder.write(
            "sheet.csv",
            "\u{feff}Login;Team;Full name\r\n;Sales;Zoë Müller\r\nflo;;Flo\r\n;;\r\n",
        );
        folder.write("empty.csv", "name\n");
        folder.transcript(&[
            "org add acme",
            "user import acme people.csv sheet.csv",
            "user list acme",
            "user import acme empty.csv",
            "user import acme people.csv",
            "user import acme sheet.csv",
            "user login acme 101133 --generate",
            "user import nowhere people.csv",
        ])
    });
    insta::assert_snapshot!("user_import", told);
}

#[test]
fn a_wrong_list_is_named_with_its_lines_and_adds_no_person() {
    let told = either_way(|folder| {
        folder.ok("org add acme");
        folder.ok("user add acme \"Ada Byron\" --id 7");
        folder.run_with_input("user login acme 7 ada", "correct-horse-battery");
        folder.write("good.csv", "name\nGood\n");
        let wrong: [(&str, &[u8]); 8] = [
            ("no-head.csv", b"Ada\n"),
            ("nameless.csv", b"name,id\n,12\n"),
            ("words.csv", b"name,id,role,login\nA,twelve,viewer,a\nB,2,boss,b\nC,3,viewer,c c\n"),
            ("twice.csv", b"name,name\nBob,Bob\n"),
            ("latin.csv", b"name\nZo\xeb\n"),
            ("taken.csv", b"name,id,login\nBob,7,bob\nCid,8,ADA\nAda Byron,9,\nAda Byron,,\n"),
            (
                "repeated.csv",
                b"name,id,login\nBob,8,bob\nCid,8,Bob\nDee,,\nDee,,\nEve,1,\nEve,2,\n",
            ),
            ("large.csv", b"name,id\nBob,9007199254740992\n"),
        ];
        let mut lines = vec!["user import acme missing.csv".to_owned()];
        for (name, content) in wrong {
            folder.write(name, content);
            lines.push(format!("user import acme good.csv {name}"));
        }
        lines.push("user list acme".to_owned());
        folder.transcript(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    });
    insta::assert_snapshot!("user_import_wrong", told);
}

#[test]
fn a_person_without_a_password_signs_in_once_there_is_one() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let server = folder.serve();
    let people = "name,login\nAda,ada\n";
    assert_eq!(folder.run_with_input("user import acme -", people).code, 0);
    for guess in ["", "nobody's", "ada"] {
        assert!(!signs_in(&server, "ada", guess), "{guess:?}");
    }
    let made = folder.ok("user login acme 1 --generate");
    assert!(signs_in(&server, "ada", made.trim()), "{made}");
    server.stop();
}

#[test]
fn a_list_that_is_too_long_is_taken_in_parts() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let list = |from: u32, to: u32| {
        "name\n".to_owned() + &(from..=to).map(|n| format!("Person {n}\n")).collect::<String>()
    };
    let long = folder.run_with_input("user import acme -", &list(1, 10_001));
    assert_eq!(long.code, 1, "{:.300}", long.err);
    assert!(long.err.contains("- has more than 10000 users: split the file"), "{:.300}", long.err);
    assert_eq!(folder.run_with_input("user import acme -", &list(1, 10_000)).code, 0);
    let more = folder.run_with_input("user import acme -", &list(10_001, 10_001));
    assert_eq!(more.out, "10001  Person 10001\n");
}
