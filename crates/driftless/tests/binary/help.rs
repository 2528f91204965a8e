//! What the program says about itself.

use std::collections::{BTreeMap, BTreeSet};

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
    assert_eq!(commands.len(), 16, "{commands:?}");
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
    assert!(page.lines().count() <= 44, "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
}

#[test]
fn it_tells_its_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(Folder::new().ok("--version"), format!("driftless {version}\n"));
}

/// The commands without commands below them, each with its help page.
fn leaves(folder: &Folder, command: &str, to: &mut Vec<String>) {
    let page = folder.ok(&format!("{command} --help"));
    let below = listed(&page);
    if below.is_empty() {
        to.push(page);
        return;
    }
    for name in below {
        leaves(folder, &format!("{command} {name}"), to);
    }
}

/// What is typed, as the documents write it: `user add ORG NAME`.
fn typed(page: &str) -> String {
    let usage = page.lines().find_map(|line| line.strip_prefix("Usage: driftless ")).unwrap();
    usage.replace("[OPTIONS]", "").replace(['<', '>'], "").replace("...", "…").trim().to_owned()
}

/// The options of a help page that are the command's own.
fn options(page: &str) -> BTreeSet<&str> {
    let options = page.lines().filter_map(|line| {
        let option = line.trim_start().trim_start_matches("-h, ").strip_prefix("--")?;
        let end = option.find(|c: char| c != '-' && !c.is_ascii_lowercase());
        Some(&option[..end.unwrap_or(option.len())])
    });
    options.filter(|name| !["data", "help"].contains(name)).collect()
}

#[test]
fn the_documents_have_every_command_with_its_arguments_and_options_once() {
    let document = include_str!("../../../../docs/commands.md");
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let mut told: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [command, _, options] = cells[..] else { panic!("{row}") };
        let named = options.split('`').filter_map(|word| word.strip_prefix("--")).collect();
        let before = told.insert(command.trim_matches('`').to_owned(), named);
        assert_eq!(before, None, "{command} is there twice");
    }
    let mut pages = Vec::new();
    leaves(&Folder::new(), "", &mut pages);
    let mut there: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for page in &pages {
        let command = typed(page).split_whitespace().collect::<Vec<_>>().join(" ");
        // The settings have theirs.
        let is_told_elsewhere = ["demo", "serve"].contains(&command.as_str());
        let options = if is_told_elsewhere { BTreeSet::new() } else { options(page) };
        there.insert(command, options);
    }
    assert_eq!(told, there);
}

/// An option that can be set in the environment: its name and the variable's.
type Setting = (String, String);

/// The commands that have a setting, and its default value.
type Users = (BTreeSet<String>, Option<String>);

/// What follows a mark in a text, up to the bracket that closes it.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark)?.1.split_once(']').map(|(found, _)| found)
}

/// The options of a help page that can be set in the environment, with their default values.
fn settings(page: &str) -> Vec<(Setting, Option<String>)> {
    let mut options: Vec<String> = Vec::new();
    for line in page.lines().map(str::trim) {
        if line.starts_with("--") || line.starts_with("-h, ") {
            options.push(String::new());
        }
        if let Some(option) = options.last_mut() {
            option.push_str(line);
            option.push(' ');
        }
    }
    let settings = options.iter().filter_map(|option| {
        let variable = after(option, "[env: ")?.trim_end_matches('=');
        let name = option.split_whitespace().next().unwrap();
        let default = after(option, "[default: ").map(str::to_owned);
        Some(((name.to_owned(), variable.to_owned()), default))
    });
    settings.collect()
}

#[test]
fn the_documents_have_every_setting_with_its_variable_and_default_once() {
    let document = include_str!("../../../../docs/settings.md");
    let mut told: BTreeMap<Setting, Users> = BTreeMap::new();
    for row in document.lines().filter(|line| line.starts_with("| `--")) {
        let cells: Vec<&str> =
            row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [name, users, variable, ref more @ ..] = cells[..] else { panic!("{row}") };
        let users = users.split(", ").map(|user| user.trim_matches('`').to_owned()).collect();
        let default = more.first().filter(|default| !default.is_empty());
        let setting = (name.to_owned(), variable.to_owned());
        let before = told.insert(setting, (users, default.map(|default| (*default).to_owned())));
        assert_eq!(before, None, "{variable} is there twice");
    }

    let mut pages = Vec::new();
    leaves(&Folder::new(), "", &mut pages);
    let mut there: BTreeMap<Setting, Users> = BTreeMap::new();
    for page in &pages {
        let command = typed(page);
        let is_argument = |word: &&str| !word.starts_with(|c: char| c.is_ascii_lowercase());
        let words = command.split_whitespace().take_while(|word| !is_argument(word));
        let command = words.collect::<Vec<_>>().join(" ");
        for (setting, default) in settings(page) {
            there
                .entry(setting)
                .or_insert_with(|| (BTreeSet::new(), default))
                .0
                .insert(command.clone());
        }
    }
    let data = there.get_mut(&("--data".to_owned(), "DRIFTLESS_DATA".to_owned())).unwrap();
    assert_eq!(data.0.len(), pages.len(), "every command has a data folder");
    *data = (BTreeSet::from(["all".to_owned()]), Some("./driftless-data".to_owned()));
    // Defaults of other commands are told by the help alone.
    for (setting, (users, default)) in &mut there {
        let is_the_servers =
            ["all", "serve", "demo", "health"].iter().any(|user| users.contains(*user));
        if !is_the_servers {
            *default = told.get(setting).and_then(|told| told.1.clone());
        }
    }
    assert_eq!(told, there);
}
