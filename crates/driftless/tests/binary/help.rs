//! What the program says about itself.

use crate::folder::Folder;

/// The commands that a help page lists.
fn listed(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let is_name = line.starts_with("  ") && !line.starts_with("   ");
        line.split_whitespace().next().filter(|name| is_name && *name != "help")
    });
    names.collect()
}

/// A command's help page and those of the commands below it.
fn pages(folder: &Folder, command: &str, to: &mut String) {
    let page = folder.ok(&format!("{command} --help"));
    to.push_str(&format!("$ driftless {command} --help\n{page}\n"));
    for name in listed(&page) {
        pages(folder, &format!("{command} {name}"), to);
    }
}

#[test]
fn every_command_explains_itself() {
    let folder = Folder::new();
    let page = folder.ok("--help");
    insta::assert_snapshot!("help", page);
    let commands = listed(&page);
    assert_eq!(commands.len(), 13, "{commands:?}");
    for command in commands {
        let mut text = String::new();
        pages(&folder, command, &mut text);
        insta::assert_snapshot!(format!("help_{command}"), text);
    }
    assert!(folder.names("").is_empty(), "asking for help leaves nothing behind");
}

#[test]
fn the_short_help_fits_on_a_screen() {
    let page = Folder::new().ok("-h");
    assert!(page.lines().count() <= 40, "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
}

#[test]
fn it_tells_its_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(Folder::new().ok("--version"), format!("driftless {version}\n"));
}
