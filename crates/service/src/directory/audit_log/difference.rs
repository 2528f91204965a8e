//! How a directory has changed, in words for the audit log.

use domain::{ApiKey, AuditKind, Interval, KeyId, Organization, Status, SystemUser};

use crate::directory::Directory;

type Found = (AuditKind, String);

/// All changes that an admin should find later.
pub(crate) fn found(before: &Directory, after: &Directory) -> Vec<Found> {
    let mut found = Vec::new();
    of_organization(&before.organization, &after.organization, &mut found);
    for (id, now) in &after.users {
        of_user(before.users.get(id), now, &mut found);
    }
    for (id, now) in &after.keys {
        of_key(*id, before.keys.get(id), now, after, &mut found);
    }
    for (id, now) in &after.statuses {
        of_status(before.statuses.get(id), now, &mut found);
    }
    of_order(before, after, &mut found);
    found
}

fn of_organization(before: &Organization, now: &Organization, found: &mut Vec<Found>) {
    let mut say = |what: String| found.push((AuditKind::Settings, what));
    if before.name != now.name {
        say(format!("renamed the organization from “{}” to “{}”", before.name, now.name));
    }
    if before.zone.name() != now.zone.name() {
        say(format!("changed the time zone from {} to {}", before.zone, now.zone));
    }
    let are_there = |of: &Organization| of.guide.examples.is_some_and(|one| !one.removed);
    match (are_there(before), are_there(now)) {
        (false, true) => say("added examples".to_owned()),
        (true, false) => say("removed the examples".to_owned()),
        _ => {}
    }
    match (&before.follows, &now.follows) {
        (None, Some(follows)) => say(format!("started to follow {}", follows.address())),
        (Some(follows), None) => say(format!("stopped following {}", follows.address())),
        _ => {}
    }
}

/// `user 7, Ada Byron`
fn user(user: &SystemUser) -> String {
    format!("user {}, {}", user.id, user.name)
}

fn of_user(before: Option<&SystemUser>, now: &SystemUser, found: &mut Vec<Found>) {
    let who = user(now);
    let mut say = |kind, what: String| found.push((kind, what));
    let Some(before) = before else {
        say(AuditKind::User, format!("added {who}, as {}", now.role));
        if let Some(login) = &now.login {
            say(AuditKind::User, format!("set the login name of {who} to {}", login.name));
        }
        if now.login.as_ref().is_some_and(|login| login.password.is_some()) {
            say(AuditKind::Password, format!("set the password of {who}"));
        }
        return;
    };
    if before.name != now.name {
        say(
            AuditKind::User,
            format!("renamed user {} from “{}” to “{}”", now.id, before.name, now.name),
        );
    }
    if before.role != now.role {
        say(
            AuditKind::User,
            format!("changed the role of {who} from {} to {}", before.role, now.role),
        );
    }
    if before.disabled != now.disabled {
        let how = if now.disabled { "disabled" } else { "enabled" };
        say(AuditKind::User, format!("{how} {who}"));
    }
    let name = |user: &SystemUser| user.login.as_ref().map(|login| login.name.clone());
    if let Some(login) = name(now).filter(|login| name(before).as_ref() != Some(login)) {
        say(AuditKind::User, format!("set the login name of {who} to {login}"));
    }
    let password = |user: &SystemUser| user.login.as_ref().and_then(|login| login.password.clone());
    if password(now).is_some() && password(before) != password(now) {
        say(AuditKind::Password, format!("set the password of {who}"));
    }
    let feed = |user: &SystemUser| user.calendar.as_ref().map(|feed| feed.hash);
    match (feed(before), feed(now)) {
        (before, now) if before == now => {}
        (_, Some(_)) => {
            say(AuditKind::Calendar, format!("made an address for the calendar feed of {who}"));
        }
        (_, None) => {
            say(AuditKind::Calendar, format!("revoked the address of the calendar feed of {who}"));
        }
    }
}

/// `key 3 (poller)`
fn key(id: KeyId, key: &ApiKey) -> String {
    if key.label.is_empty() { format!("key {id}") } else { format!("key {id} ({})", key.label) }
}

fn of_key(
    id: KeyId,
    before: Option<&ApiKey>,
    now: &ApiKey,
    directory: &Directory,
    found: &mut Vec<Found>,
) {
    let which = key(id, now);
    let mut say = |what: String| found.push((AuditKind::Key, what));
    let Some(before) = before else {
        let whose = directory.users.get(&now.user).map_or_else(String::new, user);
        return say(format!("added {which} for {whose}"));
    };
    if before.label != now.label {
        say(format!("labelled key {id} “{}”", now.label));
    }
    if before.revoked != now.revoked {
        say(format!("revoked {which}"));
    }
    if before.expected != now.expected {
        let shown = |expected: Option<Interval>| match expected {
            Some(every) => format!("is expected to poll every {every}"),
            None => "no longer has an expected interval".to_owned(),
        };
        say(format!("{which} {}", shown(now.expected)));
    }
}

fn of_status(before: Option<&Status>, now: &Status, found: &mut Vec<Found>) {
    let mut say = |what: String| found.push((AuditKind::Status, what));
    let (id, name) = (now.id, &now.name);
    let Some(before) = before else { return say(format!("added status {id}, “{name}”")) };
    if before.name != now.name {
        say(format!("renamed status {id} from “{}” to “{name}”", before.name));
    }
    if before.retired != now.retired {
        let how = if now.retired { "retired" } else { "restored" };
        say(format!("{how} status {id}, “{name}”"));
    }
    if before.done != now.done {
        let means = if now.done { "done" } else { "to do" };
        say(format!("activities with status {id}, “{name}”, now count as {means}"));
    }
    if !before.begins && now.begins {
        say(format!("new activities now start with status {id}, “{name}”"));
    }
}

fn of_order(before: &Directory, after: &Directory, found: &mut Vec<Found>) {
    let moved = after.statuses.iter().any(|(id, now)| {
        before.statuses.get(id).is_some_and(|before| before.position != now.position)
    });
    if moved {
        found.push((AuditKind::Status, "changed the order of the statuses".to_owned()));
    }
}
