//! Takes screenshots of the pages, for the README and for review.
//!
//! ```text
//! cargo build -p driftless && cargo run -p driftless-browser --bin screenshots
//! ```

use std::io::Result;
use std::path::{Path, PathBuf};

use clap::Parser;
use driftless_browser::{Api, Page, Person, Scheme, Server, css};

/// The main pages: the name of the screenshot and the path of the page.
const PAGES: [(&str, &str); 10] = [
    ("my-day", "/"),
    ("activities", "/activities"),
    ("activity", "/activities/1001"),
    ("history", "/activities/1001/history"),
    ("account", "/accounts/3400"),
    ("accounts", "/accounts"),
    ("changes", "/changes"),
    ("integrations", "/integrations"),
    ("integration", "/integrations/4?activity=1001"),
    ("settings", "/settings"),
];

/// The other pages, with `--all`.
const MORE: [(&str, &str); 10] = [
    ("sign-in", "/sign-in"),
    ("new", "/activities/new"),
    ("search", "/activities?q=coffee"),
    ("bin", "/bin"),
    ("import", "/import"),
    ("preferences", "/preferences"),
    ("password", "/password"),
    ("user", "/settings/users/101134"),
    ("audit", "/settings/audit"),
    ("nothing-here", "/no-such-page"),
];

/// Takes a screenshot of each main page of a demo, in light colours, 1280 by 900 pixels.
#[derive(Parser)]
#[command(name = "screenshots")]
struct Cli {
    /// The folder for the screenshots.
    #[arg(long, default_value = "docs/screenshots", value_name = "DIR")]
    out: PathBuf,
    /// All pages at full height: light, dark, narrow and printed, and those of an empty organization.
    #[arg(long)]
    all: bool,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    std::fs::create_dir_all(&cli.out)?;
    let (server, person) = Server::demo(1_000);
    ask(&server, &person);
    let page = Page::new(&server);
    page.sign_in(&person);
    for (name, path) in PAGES {
        page.open(path);
        save(&cli.out, name, &page.picture())?;
    }
    if cli.all {
        all(&page, &cli.out, "")?;
        import(&page, &cli.out)?;
        let server = Server::start();
        let page = Page::new(&server);
        looks(&page, &cli.out, "setup", &server.setup_link(), "")?;
        looks(&page, &cli.out, "setup-without-token", "/setup", "")?;
        looks(&page, &cli.out, "nobody-yet", "/sign-in", "")?;
        page.sign_in(&server.person("empty", "Ada Byron", "admin"));
        all(&page, &cli.out, "-empty")?;
    }
    Ok(())
}

/// A file that has been uploaded: what it would change, what is wrong with it, what it has changed.
fn import(page: &Page, out: &Path) -> Result<()> {
    let file = out.join("calls.csv");
    for (name, rows) in [("import-preview", CALLS), ("import-problems", WRONG)] {
        std::fs::write(&file, rows)?;
        page.open("/import");
        page.fill("File", &file.to_string_lossy());
        page.click("Upload and check");
        page.wait_for("form.rehearsal");
        looks(page, out, name, &page.address(), "")?;
    }
    std::fs::write(&file, CALLS)?;
    page.open("/import");
    page.fill("File", &file.to_string_lossy());
    page.click("Upload and check");
    page.fill("Add what is missing", "on");
    page.click(css("form.rehearsal button.primary"));
    page.wait_for(".notice.ok");
    looks(page, out, "import-result", &page.address(), "")?;
    std::fs::remove_file(&file)
}

/// A file that changes one activity, makes two, and has a column and an account that nobody knows.
const CALLS: &str = "\
activityId,subject,startDateTime,Due,activityStatus.name,activityPriority,accountName
1001,Call about the spring appeal,2026-03-05 09:00,2026-03-05 10:00,Completed,HIGH,
,Thank Harbor Bakery,2026-03-06 10:30,2026-03-06 11:00,Not Started,NORMAL,Harbor Bakery of Old Town
,Write to the county,2026-03-09 14:00,,Not Started,LOW,
";

/// A file that cannot be imported as it is.
const WRONG: &str = "\
activityId,subject,startDateTime,activityStatus.name,activityPriority
1001,Call,03/04/2026,Completed,HIGH
1002,,soon,Completed,PRESSING
";

/// Polls with a key that reads everything, and with one that reads only one page of many.
fn ask(server: &Server, person: &Person) {
    let range = [("syncActivityTimeFrom", "2020-01-01T00:00:00Z"), ("page.pageSize", "200")];
    let (careful, careless) = (Api::new(server, person), Api::new(server, person));
    for page in 1..=6 {
        let page = page.to_string();
        careful
            .ask("account/syncActivities", &[&range[..], &[("page.currentPage", &page)]].concat());
    }
    careless.ask("account/syncActivities", &range);
}

/// All pages in all sizes and colour schemes.
fn all(page: &Page, out: &Path, suffix: &str) -> Result<()> {
    PAGES.into_iter().chain(MORE).try_for_each(|(name, path)| looks(page, out, name, path, suffix))
}

/// One page in all sizes and colour schemes.
fn looks(page: &Page, out: &Path, name: &str, path: &str, suffix: &str) -> Result<()> {
    for (width, scheme, look) in [
        (1440, Scheme::Light, "light"),
        (1440, Scheme::Dark, "dark"),
        (1024, Scheme::Light, "1024"),
        (768, Scheme::Light, "768"),
        (375, Scheme::Light, "375"),
        (320, Scheme::Light, "320"),
        (800, Scheme::Print, "print"),
    ] {
        page.size(width, 900);
        page.scheme(scheme);
        page.open(path);
        save(out, &format!("{name}-{look}{suffix}"), &page.whole_picture())?;
    }
    // Printed pages have no form fields.
    page.scheme(Scheme::Light);
    Ok(())
}

fn save(out: &Path, name: &str, picture: &[u8]) -> Result<()> {
    std::fs::write(out.join(format!("{name}.png")), picture)
}
