//! Experiments and feature flags: they are drafts, run, and end, and not in any other order.

use super::Deed;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::key;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

const EXPERIMENTS: &str = "/experimentation/experiments";
const FLAGS: &str = "/experimentation/feature-flags";

/// What an experiment may become.
const OF_EXPERIMENTS: &[(&str, &[&str])] = &[
    ("draft", &["active", "archived"]),
    ("active", &["paused", "completed"]),
    ("paused", &["active", "completed"]),
    ("completed", &["archived"]),
];

/// What a feature flag may become.
const OF_FLAGS: &[(&str, &[&str])] = &[("draft", &["active", "archived"]), ("active", &["draft", "archived"])];

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Deed<'_, '_> {
    fn next_status(&self, record: &Value, ways: &[(&str, &[&str])]) -> Result<String> {
        let (from, to) = (text(record, "status"), self.text("status").unwrap_or_default());
        let allowed = ways.iter().any(|(known, next)| *known == from && next.contains(&to.as_str()));
        if from == to || allowed {
            return Ok(to);
        }
        Err(ApiError::new(409, format!("The status {from} cannot become {to}"), "invalid_status_transition"))
    }

    pub(super) fn experiment_status(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut experiment = self.record(EXPERIMENTS, &id)?;
        let status = self.next_status(&experiment, OF_EXPERIMENTS)?;
        if let ("active", Some((_, problem))) = (status.as_str(), self.problems(&experiment).into_iter().next()) {
            return Err(ApiError::new(400, format!("The experiment cannot run: {problem}"), "invalid_experiment"));
        }
        let now = json!(self.call.now);
        match status.as_str() {
            "active" if experiment.get("started_at").is_none() => experiment["started_at"] = now.clone(),
            "completed" => experiment["ended_at"] = now.clone(),
            _ => {}
        }
        experiment["is_valid"] = json!(self.problems(&experiment).is_empty());
        experiment["status"] = json!(status);
        experiment["updated_at"] = now;
        self.store.put(EXPERIMENTS, &id, &experiment);
        Ok(self.call.done(Some(&experiment)))
    }

    pub(super) fn validate_experiment(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut experiment = self.record(EXPERIMENTS, &id)?;
        let problems = self.problems(&experiment);
        experiment["is_valid"] = json!(problems.is_empty());
        self.store.put(EXPERIMENTS, &id, &experiment);
        let errors: Vec<Value> =
            problems.iter().map(|(code, message)| json!({ "code": code, "message": message })).collect();
        Ok(self.call.done(Some(&json!({ "is_valid": errors.is_empty(), "errors": errors }))))
    }

    /// What keeps an experiment from running, as code and text.
    fn problems(&self, experiment: &Value) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let flag = text(experiment, "feature_flag_id");
        if self.store.get(FLAGS, flag).is_none() {
            problems.push(("feature_flag_not_found", format!("there is no feature flag {flag}")));
        }
        let allocations = experiment.get("allocations").and_then(Value::as_array).cloned().unwrap_or_default();
        if allocations.is_empty() {
            problems.push(("no_allocations", "it has no allocations".to_owned()));
        }
        for allocation in &allocations {
            let variation = text(allocation, "variation_id");
            if self.store.get(&format!("{FLAGS}/{}/variations", key(flag)), variation).is_none() {
                problems.push(("variation_not_found", format!("its flag has no variation {variation}")));
            }
        }
        let controls = allocations.iter().filter(|one| one.get("is_control") == Some(&json!(true))).count();
        if controls > 1 {
            problems.push(("many_controls", "more than one allocation is the control".to_owned()));
        }
        let weight = |one: &Value| one.get("weight").and_then(Value::as_f64).unwrap_or_default();
        let sum: f64 = allocations.iter().map(weight).sum();
        if text(experiment, "allocation_strategy") == "percentage" && (sum - 100.0).abs() > 0.01 {
            problems.push(("weights", format!("the weights add up to {sum} and not to 100")));
        }
        problems
    }

    /// Lets more users into an experiment: forward only, and to one of its levels where it names some.
    pub(super) fn advance_ramp(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut experiment = self.record(EXPERIMENTS, &id)?;
        let number = |value: Option<&Value>| value.and_then(Value::as_i64);
        let from = number(experiment.get("current_level")).unwrap_or(0);
        let to = number(self.call.body.as_ref().and_then(|body| body.get("target_level"))).unwrap_or(0);
        let levels = experiment.get("levels").and_then(Value::as_array).filter(|levels| !levels.is_empty());
        if to < from || levels.is_some_and(|levels| !levels.contains(&json!(to))) {
            let message = format!("The level {to} is not one that {from} leads to");
            return Err(ApiError::new(400, message, "invalid_level"));
        }
        experiment["current_level"] = json!(to);
        experiment["updated_at"] = json!(self.call.now);
        self.store.put(EXPERIMENTS, &id, &experiment);
        let shown = json!({ "experiment_id": id, "from_level": from, "to_level": to, "current_level": to });
        Ok(self.call.done(Some(&shown)))
    }

    pub(super) fn flag_status(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut flag = self.record(FLAGS, &id)?;
        flag["status"] = json!(self.next_status(&flag, OF_FLAGS)?);
        flag["updated_at"] = json!(self.call.now);
        self.store.put(FLAGS, &id, &flag);
        Ok(self.call.done(Some(&flag)))
    }
}
