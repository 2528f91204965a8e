//! API keys that scripts have already: they are brought along, and the scripts need no other.

use crate::client::Client;
use crate::folder::{DATA, Folder, either_way};
use crate::server::Server;

const KEY: &str = "83f1c06a5be94d27a1c0f2687be3d954";

#[test]
fn a_script_goes_on_with_the_key_that_it_has() {
    let told = either_way(|folder| {
        folder.write("key.txt", format!("\u{feff}{KEY}\r\n"));
        folder.write("weak.txt", "0123456789abcdef0123456789abcdef\n");
        folder.write("short.txt", "83f1c06a\n");
        folder.write("two.txt", format!("{KEY}\n93f1c06a5be94d27a1c0f2687be3d954\n"));
        folder.write("empty.txt", "");
        folder.write("latin.txt", b"83f1c06a5be94d27a1c0f2687be3d95\xe4\n");
        folder.transcript(&[
            "org add acme",
            "org add beta",
            "user add acme Ada",
            "user add beta Bob",
            "key add acme --user 9 --key-file key.txt",
            "key add nowhere --user 1 --key-file key.txt",
            "key add acme --user 1 --key-file key.txt --label \"the nightly mailer\"",
            "key add acme --user 1 --key-file key.txt",
            "key add beta --user 1 --key-file key.txt",
            "key revoke acme 1",
            "key add acme --user 1 --key-file key.txt",
            "key add acme --user 1 --key-file weak.txt",
            "key add acme --user 1 --key-file short.txt",
            "key add acme --user 1 --key-file two.txt",
            "key add acme --user 1 --key-file empty.txt",
            "key add acme --user 1 --key-file latin.txt",
            "key add acme --user 1 --key-file missing.txt",
            "key list acme",
        ])
    });
    insta::assert_snapshot!("brought_key", told);
    assert!(!told.contains(&KEY[..8]), "{told}");
}

#[test]
fn it_is_kept_and_logged_like_every_other_key_not_at_all() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.ok("user add acme Ada");
    let mut command = folder.serving(&["--log-format", "json"]);
    command.env("RUST_LOG", "trace");
    let server = Server::of(command);
    let output = folder.run_with_input("key add acme --user 1 --key-file -", &format!("{KEY}\n"));
    assert_eq!((output.code, output.out.as_str()), (0, ""), "{output:?}");
    assert!(!output.err.contains(KEY), "{output:?}");
    Client::log_in(&server, KEY);
    let log = server.stop().join("\n");
    let holds = |bytes: &[u8]| bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
    assert!(!holds(log.as_bytes()), "the log gives it away");
    for name in folder.names(DATA).iter().filter(|name| *name != "driftless.sock") {
        let bytes = std::fs::read(folder.path(DATA).join(name)).unwrap();
        assert!(!holds(&bytes), "{name} gives it away");
    }
    let server = folder.serve();
    Client::log_in(&server, KEY);
    server.stop();
}
