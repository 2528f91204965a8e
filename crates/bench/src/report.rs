//! stub
use crate::{Outcome, Report, results::Results, run};
pub(crate) fn report(args: &Report) -> Outcome<()> {
    let path = crate::ground::default_folder()?.join("results.json");
    let mut results = Results::read(&path)?;
    if !args.render_only {
        run::measure(args, &mut results)?;
        results.write(&path)?;
    }
    Ok(())
}
