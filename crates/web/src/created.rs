//! Forms that create something: one that is sent twice creates once.

use domain::{OrgKey, SecretHash, UserId};
use maud::{Markup, html};
use service::hash_secret;

use crate::fields::Fields;
use crate::{Problem, SignedIn, Web};

/// Forms that are remembered.
const FORMS_MAX: usize = 10_000;

/// A form as somebody has sent it: the hash of its token and of everything in it. Whoever goes back
/// and types something else means another one.
type Sent = (OrgKey, UserId, SecretHash);

/// Which form created what, by number.
pub(crate) struct Created(quick_cache::sync::Cache<Sent, i64>);

impl Default for Created {
    fn default() -> Created {
        Created(quick_cache::sync::Cache::new(FORMS_MAX))
    }
}

impl Created {
    /// Whether that very form has created something already.
    pub(crate) fn knows(&self, who: &SignedIn, fields: &Fields) -> bool {
        self.0.get(&sent(who, fields)).is_some()
    }
}

/// A form that is sent again after a new sign-in has another token of its session.
fn sent(who: &SignedIn, fields: &Fields) -> Sent {
    let content = hash_secret(&format!("{:?}", fields.without("csrf")));
    (who.person.tenant.key, who.person.user, content)
}

/// What tells a form from all others that create something.
pub(crate) fn form_token(web: &Web) -> Result<Markup, Problem> {
    let token = web.service.new_secret().map_err(Problem::Unavailable)?;
    Ok(html! { input type="hidden" name="form" value=(token); })
}

/// Creates, or says what the same form has created before. The browser that sends a form a second
/// time hangs up on the first: the work goes on all the same.
///
/// `create` returns the number of what it made, and what else only the first answer has.
pub(crate) async fn once<T, E, F>(
    web: &Web,
    who: &SignedIn,
    fields: &Fields,
    create: F,
) -> Result<Result<(i64, Option<T>), E>, Problem>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<(i64, T), E>> + Send + 'static,
{
    let sent = sent(who, fields);
    let created = web.created.clone();
    let work = tokio::spawn(async move {
        match created.0.get_value_or_guard_async(&sent).await {
            Ok(number) => Ok((number, None)),
            Err(first) => {
                let (number, rest) = create.await?;
                let _ = first.insert(number);
                Ok((number, Some(rest)))
            }
        }
    });
    work.await.map_err(|e| Problem::Unavailable(e.to_string()))
}
