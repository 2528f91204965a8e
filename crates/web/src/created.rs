//! Makes sure that a form sent twice creates one thing only.

use domain::{OrgKey, SecretHash, UserId};
use maud::{Markup, html};
use service::hash_secret;

use crate::fields::Fields;
use crate::{Problem, SignedIn, Web};

/// Forms that are remembered.
const FORMS_MAX: usize = 10_000;

/// A form as it was sent: the hash of its token and all its fields. After going back and typing something else, it
/// counts as another form.
type Sent = (OrgKey, UserId, SecretHash);

/// Which form created what, by number.
pub(crate) struct Created(quick_cache::sync::Cache<Sent, i64>);

impl Default for Created {
    fn default() -> Created {
        Created(quick_cache::sync::Cache::new(FORMS_MAX))
    }
}

impl Created {
    /// Whether this form has already created something.
    pub(crate) fn knows(&self, who: &SignedIn, fields: &Fields) -> bool {
        self.0.get(&sent(who, fields)).is_some()
    }
}

/// After a new sign-in, a form that is sent again has another session token, which does not count.
fn sent(who: &SignedIn, fields: &Fields) -> Sent {
    let content = hash_secret(&format!("{:?}", fields.without("csrf")));
    (who.person.tenant.key, who.person.user, content)
}

/// The hidden field that tells a form from all others that create something.
pub(crate) fn form_token(web: &Web) -> Result<Markup, Problem> {
    let token = web.service.new_secret().map_err(Problem::Unavailable)?;
    Ok(html! { input type="hidden" name="form" value=(token); })
}

/// Creates something, or returns what the same form has created before. A browser that sends a form again drops the
/// first connection; the work continues nevertheless.
///
/// `create` returns the id of what it made, and anything else that only the first answer has.
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
