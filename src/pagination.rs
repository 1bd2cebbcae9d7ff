//! How a list is walked. Pure: what a page said comes in, the next request's one changed parameter goes out.

use crate::error::{Error, ErrorKind};
use crate::http::path::Query;
use crate::json::Node;
use crate::text::{digits, quoted};
use serde_json::Value;

/// Offset paging ends here at Auth0, whatever the total (Auth0 docs, "View Search Results by Page", limitation).
const OFFSET_CAP: u64 = 1000;

/// The largest page that Auth0 gives. A page shorter than this, and than what was asked for, is the last.
const LARGEST_PAGE: u64 = 100;

/// A list without a total that is still not at its end here gives the same page for ever.
const MOST_PAGES: u64 = 10_000;

/// How an operation pages, as its line in the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paging<'a> {
    pub(crate) style: Style,
    /// The page size that is sent when the caller names none, so that it is the one that is counted with.
    pub(crate) size: u64,
    /// The list takes `include_totals`.
    pub(crate) totals: bool,
    /// The key of the envelope under which the items are.
    pub(crate) items: &'a str,
    /// The member of the last item that is the cursor, for a list that does not answer `next`.
    pub(crate) cursor: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Offset,
    Checkpoint,
    Both,
}

/// How one walk goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Offset,
    Checkpoint,
}

/// What a page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) count: u64,
    pub(crate) next: Option<String>,
    pub(crate) total: Option<u64>,
    pub(crate) start: Option<u64>,
    pub(crate) limit: Option<u64>,
}

/// Notices a cursor that comes again, after however many others, without keeping them all (Brent's cycle detection).
#[derive(Clone, Debug)]
pub(crate) struct CycleGuard {
    mark: Option<String>,
    steps: u32,
    power: u32,
}

impl Default for CycleGuard {
    fn default() -> Self {
        Self { mark: None, steps: 0, power: 1 }
    }
}

impl CycleGuard {
    /// True when the cursor is a repetition.
    fn repeats(&mut self, cursor: &str) -> bool {
        if self.mark.as_deref() == Some(cursor) {
            return true;
        }
        self.steps += 1;
        if self.steps >= self.power {
            self.mark = Some(cursor.to_owned());
            self.power = self.power.saturating_mul(2);
            self.steps = 0;
        }
        false
    }

    /// As a text, for a walk whose state is kept on the other side of the JavaScript boundary.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(crate) fn to_text(&self) -> String {
        [&digits(self.steps.into()), " ", &digits(self.power.into()), " ", self.mark.as_deref().unwrap_or_default()]
            .concat()
    }

    /// The guard that [`CycleGuard::to_text`] wrote.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (steps, power) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let mark = parts.next().filter(|mark| !mark.is_empty()).map(str::to_owned);
        Some(Self { mark, steps, power })
    }
}

impl Paging<'_> {
    fn mode(&self, query: &Query) -> Mode {
        let given = |key: &str| query.get(key).is_some();
        match self.style {
            Style::Offset => Mode::Offset,
            Style::Checkpoint => Mode::Checkpoint,
            Style::Both if given("from") || given("take") => Mode::Checkpoint,
            Style::Both if given("page") || given("per_page") || given("include_totals") => Mode::Offset,
            // A list without `next` ignores filters when it is read by cursor (logs): that must be asked for.
            Style::Both if self.cursor.is_some() => Mode::Offset,
            Style::Both => Mode::Checkpoint,
        }
    }

    /// Adds the parameters that the walk counts with, where the caller has not given them.
    ///
    /// # Errors
    /// [`ErrorKind::Request`] for parameters of both styles at once, and for a page or a size that is not a count.
    pub(crate) fn prepare(&self, query: &mut Query) -> Result<(), Error> {
        if self.style == Style::Both
            && let Some(cursor) = ["from", "take"].into_iter().find(|key| query.get(key).is_some())
            && let Some(offset) = ["page", "per_page"].into_iter().find(|key| query.get(key).is_some())
        {
            let message =
                ["`", offset, "` and `", cursor, "` belong to two styles of paging: give one of them"].concat();
            return Err(Error::new(ErrorKind::Request, message));
        }
        let defaults: &[(&str, String)] = match self.mode(query) {
            Mode::Offset if self.totals => {
                &[("page", "0".to_owned()), ("per_page", digits(self.size)), ("include_totals", "true".to_owned())]
            }
            Mode::Offset => &[("page", "0".to_owned()), ("per_page", digits(self.size))],
            Mode::Checkpoint => &[("take", digits(self.size))],
        };
        for (key, value) in defaults {
            if query.get(key).is_none() {
                query.push(*key, value.as_str());
            }
        }
        for key in ["page", "per_page", "take"] {
            self.count(query, key)?;
        }
        Ok(())
    }

    fn count(&self, query: &Query, key: &str) -> Result<u64, Error> {
        let Some(text) = query.get(key) else { return Ok(0) };
        // Below what a JavaScript number holds, so that counting on cannot overflow.
        let count = text.parse().ok().filter(|count| *count < 1 << 53);
        count.ok_or_else(|| {
            Error::new(ErrorKind::Request, ["`", key, "` is ", &quoted(text), ", which is not a count"].concat())
        })
    }

    /// The facts of an answer: an envelope, or a bare array.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when the answer is neither: a walk must not end because a page was garbage.
    pub(crate) fn facts(&self, answer: &Value) -> Result<Facts, Error> {
        let items = if answer.is_array() { Some(answer) } else { answer.get(self.items) };
        let items = items.and_then(Value::as_array);
        let last = items.and_then(|items| Some(items.last()?.cursor(self.cursor?))).unwrap_or(Ok(None));
        let count = items.map(|items| items.len() as u64);
        self.facts_of(answer, answer.is_array(), count, last)
    }

    /// The facts of an answer whose items are counted already; `last` is the cursor that the last of them holds, or that it
    /// is none.
    ///
    /// # Errors
    /// As those of [`Paging::facts`].
    pub(crate) fn facts_of(
        &self,
        answer: &dyn Node,
        bare: bool,
        count: Option<u64>,
        last: Result<Option<String>, ()>,
    ) -> Result<Facts, Error> {
        // A list that went on, and of which nobody can tell where, must not look like one that has ended.
        let cursor = |found: Result<Option<String>, ()>, name: &str| {
            found.map_err(|()| {
                let message = ["`", name, "` is neither a text nor a number"].concat();
                Error::new(ErrorKind::Decode, message).with_path(name.to_owned())
            })
        };
        let last = cursor(last, self.cursor.unwrap_or_default())?;
        if let (true, Some(count)) = (bare, count) {
            return Ok(Facts { count, next: last, ..Facts::default() });
        }
        let total = answer.count("total");
        let next = cursor(answer.cursor("next"), "next")?;
        let Some(count) = count else {
            if total == Some(0) || next.is_some() || answer.has("next") {
                return Ok(Facts { count: 0, next, total, ..Facts::default() });
            }
            let message = ["the page is neither an array nor an object with an array `", self.items, "`"].concat();
            return Err(Error::new(ErrorKind::Decode, message).with_path(self.items.to_owned()));
        };
        // The lists of actions say `page` and `per_page` where the others say `start` and `limit`.
        let limit = answer.count("limit").or_else(|| answer.count("per_page"));
        let start = answer.count("start").or_else(|| Some(answer.count("page")?.saturating_mul(limit?)));
        Ok(Facts { count, next: next.or(last), total, start, limit })
    }

    /// The one parameter that changes for the next page; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Paging`] when a cursor comes again, or when the server stops before the total it names. The page that
    /// says so is good: it is given out, and the error in the place of the page after it.
    pub(crate) fn next(
        &self,
        query: &Query,
        facts: &Facts,
        guard: &mut CycleGuard,
    ) -> Result<Option<(&'static str, String)>, Error> {
        match self.mode(query) {
            Mode::Checkpoint => self.next_cursor(query, facts, guard),
            Mode::Offset => self.next_offset(query, facts),
        }
    }

    fn next_cursor(
        &self,
        query: &Query,
        facts: &Facts,
        guard: &mut CycleGuard,
    ) -> Result<Option<(&'static str, String)>, Error> {
        // An empty page with a cursor is not the last: a filter may have left nothing of it.
        let whole = facts.count >= self.count(query, "take")?.clamp(1, LARGEST_PAGE);
        let next = match (&facts.next, self.cursor) {
            (Some(next), None) => next.clone(),
            (Some(next), Some(_)) if whole => next.clone(),
            // `fields` may leave it out.
            (None, Some(name)) if whole => {
                let message = ["the last item has no `", name, "`, behind which the list goes on"].concat();
                return Err(Error::new(ErrorKind::Paging, message));
            }
            _ => return Ok(None),
        };
        if query.get("from") == Some(&next) || guard.repeats(&next) {
            return Err(Error::new(
                ErrorKind::Paging,
                "the server gave a cursor that it had given before: the list would never end",
            ));
        }
        Ok(Some(("from", next)))
    }

    fn next_offset(&self, query: &Query, facts: &Facts) -> Result<Option<(&'static str, String)>, Error> {
        let page = self.count(query, "page")?;
        let size = self.count(query, "per_page")?;
        let limit = facts.limit.filter(|limit| *limit > 0).unwrap_or(size);
        if limit == 0 {
            return Ok(None);
        }
        let start = facts.start.unwrap_or(page.saturating_mul(limit));
        let seen = start.saturating_add(facts.count);
        if start < page.saturating_mul(limit) {
            let message =
                ["page ", &digits(page), " was asked for, and the server answered from record ", &digits(start), " on"]
                    .concat();
            return Err(Error::new(ErrorKind::Paging, message));
        }
        match facts.total {
            Some(total) if facts.count == 0 && start < total => {
                let message =
                    ["the server stopped after ", &digits(start), " of ", &digits(total), " records"].concat();
                let error = Error::new(ErrorKind::Paging, message);
                Err(if start >= OFFSET_CAP { error.with_hint(self.way_out()) } else { error })
            }
            Some(total) if seen >= total => Ok(None),
            None if facts.count < limit.min(LARGEST_PAGE) => Ok(None),
            None if page >= MOST_PAGES => {
                let message = "the server gives page after page and names no total: the list would never end";
                Err(Error::new(ErrorKind::Paging, message))
            }
            _ => Ok(Some(("page", digits(page + 1)))),
        }
    }

    /// What to do about the end of offset paging.
    fn way_out(&self) -> &'static str {
        match (self.style, self.items) {
            (Style::Both, _) => {
                "offset paging ends at 1,000 records: leave `page`, `per_page` and `include_totals` out and give `take`, \
                 and the list is read by cursor to its end"
            }
            (_, "users") => {
                "offset paging ends at 1,000 records: narrow the query, for example by ranges of created_at, or export \
                 all users with jobs.usersExports.create"
            }
            _ => "offset paging ends at 1,000 records: narrow the query",
        }
    }

    /// Adds the way out to an error that the server gave for a page beyond the cap.
    pub(crate) fn explain(&self, query: &Query, error: Error) -> Error {
        if error.status() != Some(400) || self.mode(query) != Mode::Offset {
            return error;
        }
        let beyond = match (self.count(query, "page"), self.count(query, "per_page")) {
            (Ok(page), Ok(size)) => (page + 1).saturating_mul(size) > OFFSET_CAP,
            _ => false,
        };
        if beyond { error.with_hint(self.way_out()) } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(style: Style, cursor: Option<&'static str>) -> Paging<'static> {
        Paging { style, size: 50, totals: true, items: "users", cursor }
    }

    fn query(pairs: &[(&str, &str)]) -> Query {
        let mut query = Query::default();
        pairs.iter().for_each(|(key, value)| query.push(*key, *value));
        query
    }

    fn shown(query: &Query) -> String {
        query.pairs().iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn sends_the_size_it_counts_with() {
        let both_log = Paging { items: "logs", ..list(Style::Both, Some("log_id")) };
        for (paging, given, wanted) in [
            (list(Style::Offset, None), &[][..], "page=0&per_page=50&include_totals=true"),
            (
                list(Style::Offset, None),
                &[("page", "3"), ("include_totals", "false")],
                "page=3&include_totals=false&per_page=50",
            ),
            (Paging { totals: false, ..list(Style::Offset, None) }, &[], "page=0&per_page=50"),
            (list(Style::Checkpoint, None), &[], "take=50"),
            (list(Style::Checkpoint, None), &[("take", "7"), ("from", "x")], "take=7&from=x"),
            (list(Style::Both, None), &[], "take=50"),
            (list(Style::Both, None), &[("per_page", "5")], "per_page=5&page=0&include_totals=true"),
            (list(Style::Both, None), &[("from", "x")], "from=x&take=50"),
            (both_log, &[], "page=0&per_page=50&include_totals=true"),
            (both_log, &[("take", "100")], "take=100"),
        ] {
            let mut query = query(given);
            assert!(paging.prepare(&mut query).is_ok());
            assert_eq!(shown(&query), wanted);
        }
        for given in [
            &[("page", "1"), ("from", "x")][..],
            &[("per_page", "1"), ("take", "1")],
            &[("page", "-1")],
            &[("per_page", "many")],
        ] {
            let error = list(Style::Both, None).prepare(&mut query(given)).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Request);
        }
    }

    #[test]
    fn offset_ends_where_the_list_ends() {
        let facts = |count, total, start, limit| Facts { count, total, start, limit, next: None };
        for (given, facts, wanted) in [
            // By total: no extra request, also when the last page is full.
            (&[("page", "0"), ("per_page", "50")], facts(50, Some(100), Some(0), Some(50)), Some("1")),
            (&[("page", "1"), ("per_page", "50")], facts(50, Some(100), Some(50), Some(50)), None),
            // A page that lost an item while it was read is not the end.
            (&[("page", "0"), ("per_page", "50")], facts(49, Some(100), Some(0), Some(50)), Some("1")),
            // The server's page is smaller than the one asked for.
            (&[("page", "0"), ("per_page", "200")], facts(100, Some(250), Some(0), Some(100)), Some("1")),
            (&[("page", "2"), ("per_page", "200")], facts(50, Some(250), Some(200), Some(100)), None),
            (&[("page", "0"), ("per_page", "200")], facts(100, None, None, None), Some("1")),
            // Without a total: a short page is the last.
            (&[("page", "0"), ("per_page", "50")], facts(50, None, None, None), Some("1")),
            (&[("page", "1"), ("per_page", "50")], facts(7, None, None, None), None),
            (&[("page", "0"), ("per_page", "50")], facts(0, None, None, None), None),
            (&[("page", "0"), ("per_page", "50")], facts(0, Some(0), Some(0), Some(50)), None),
            // Only the total was asked for.
            (&[("page", "0"), ("per_page", "0")], facts(0, Some(9), Some(0), Some(0)), None),
            // Asked for page 7: goes on with 8.
            (&[("page", "7"), ("per_page", "10")], facts(10, Some(100), Some(70), Some(10)), Some("8")),
        ] {
            let next = list(Style::Offset, None).next(&query(given), &facts, &mut CycleGuard::default());
            assert_eq!(next.ok(), Some(wanted.map(|page| ("page", page.to_owned()))), "{given:?} {facts:?}");
        }
    }

    #[test]
    fn the_cap_names_the_way_out() {
        let given = query(&[("page", "20"), ("per_page", "50")]);
        let facts = Facts { total: Some(2500), start: Some(1000), limit: Some(50), ..Facts::default() };
        let error =
            list(Style::Offset, None).next(&given, &facts, &mut CycleGuard::default()).expect_err("stopped short");
        assert!(
            error.to_string().contains("1000 of 2500") && error.to_string().contains("jobs.usersExports"),
            "{error}"
        );
        let refused = || Error::new(ErrorKind::Api, "no").with_status(400);
        assert!(list(Style::Both, None).explain(&given, refused()).to_string().contains("`take`"));
        let early = query(&[("page", "19"), ("per_page", "50")]);
        assert_eq!(list(Style::Both, None).explain(&early, refused()).message(), "no");
    }

    #[test]
    fn cursors_are_followed_to_the_end_and_never_in_circles() {
        let paging = list(Style::Checkpoint, None);
        let facts = |next: &str, count| Facts { count, next: Some(next.to_owned()), ..Facts::default() };
        let start = query(&[("take", "50")]);
        let mut guard = CycleGuard::default();
        assert_eq!(paging.next(&start, &facts("a", 0), &mut guard).ok(), Some(Some(("from", "a".to_owned()))));
        assert_eq!(paging.next(&start, &Facts { count: 50, ..Facts::default() }, &mut guard).ok(), Some(None));
        let same = query(&[("take", "50"), ("from", "a")]);
        assert!(paging.next(&same, &facts("a", 50), &mut CycleGuard::default()).is_err());
        for (lead, cycle) in [(0, 1), (0, 2), (3, 5), (10, 40)] {
            let mut guard = CycleGuard::default();
            let cursor = |step: u32| format!("c{}", if step < lead { step } else { lead + (step - lead) % cycle });
            let found = (0..1000).find(|step| {
                guard = CycleGuard::from_text(&guard.to_text()).expect("a guard");
                paging.next(&start, &facts(&cursor(*step), 1), &mut guard).is_err()
            });
            assert!(found.is_some_and(|step| step <= 4 * (lead + cycle)), "{lead} {cycle} {found:?}");
        }
        let mut guard = CycleGuard::default();
        assert!((0..1000).all(|step| paging.next(&start, &facts(&format!("c{step}"), 1), &mut guard).is_ok()));
    }

    #[test]
    #[cfg(not(target_arch = "wasm32"))]
    fn facts_of_both_shapes() {
        use serde_json::json;
        let paging = list(Style::Both, None);
        let facts = |value: serde_json::Value| paging.facts(&value);
        let plain = Facts::default();
        assert_eq!(facts(json!([1, 2])).ok(), Some(Facts { count: 2, ..plain.clone() }));
        assert_eq!(
            facts(json!({"users": [1], "start": 50, "limit": "50", "total": 51.0})).ok(),
            Some(Facts { count: 1, start: Some(50), limit: Some(50), total: Some(51), next: None })
        );
        assert_eq!(
            facts(json!({"users": [1], "page": 2, "per_page": 10, "total": 21})).ok(),
            Some(Facts { count: 1, start: Some(20), limit: Some(10), total: Some(21), next: None })
        );
        assert_eq!(
            facts(json!({"users": [], "next": "x"})).ok(),
            Some(Facts { next: Some("x".into()), ..plain.clone() })
        );
        assert_eq!(facts(json!({"users": [1], "next": ""})).ok(), Some(Facts { count: 1, ..plain.clone() }));
        assert_eq!(facts(json!({"next": null})).ok(), Some(plain.clone()));
        // A cursor that is a number is one, and one that is nothing of the kind is no end.
        assert_eq!(
            facts(json!({"users": [1], "next": 5})).ok(),
            Some(Facts { count: 1, next: Some("5".into()), ..plain.clone() })
        );
        for odd in [json!({"users": [1], "next": {}}), json!({"users": [], "next": true})] {
            let error = facts(odd).expect_err("no cursor");
            assert_eq!((error.kind(), error.path()), (ErrorKind::Decode, Some("next")));
        }
        for garbage in [json!({}), json!("x"), json!(null), json!({"users": "x"}), json!({"error": []})] {
            assert_eq!(facts(garbage).expect_err("garbage").kind(), ErrorKind::Decode);
        }
        let logs = Paging { items: "logs", ..list(Style::Both, Some("log_id")) };
        let page = json!([{"log_id": "1"}, {"log_id": 2}]);
        let facts = logs.facts(&page).expect("facts");
        assert_eq!(facts.next.as_deref(), Some("2"));
        let by_cursor = query(&[("take", "2")]);
        assert_eq!(
            logs.next(&by_cursor, &facts, &mut CycleGuard::default()).ok(),
            Some(Some(("from", "2".to_owned())))
        );
        let short = query(&[("take", "3")]);
        assert_eq!(logs.next(&short, &facts, &mut CycleGuard::default()).ok(), Some(None));
    }
}
