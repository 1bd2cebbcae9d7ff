//! Event streams: nothing leaves this machine, so a delivery fails and what would have been sent is in the outbox.

use super::Deed;
use crate::error::ApiError;
use crate::events;
use crate::message::Answer;
use crate::store::key;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

const STREAMS: &str = "/event-streams";

impl Deed<'_, '_> {
    fn deliveries(&self, stream: &str) -> String {
        format!("{STREAMS}/{}/deliveries", key(stream))
    }

    /// A test event, which is delivered as any other would be.
    pub(super) fn test_stream(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let stream = self.record(STREAMS, &id)?;
        let event_type = self.text("event_type").unwrap_or_default();
        let data = self.call.body.as_ref().and_then(|body| body.get("data")).cloned().unwrap_or_else(|| json!({}));
        let event_id = crate::ids::new_id("/event-streams/{}/deliveries")?;
        let now = &self.call.now;
        let delivery = json!({
            "id": event_id, "event_stream_id": id, "status": "failed", "event_type": event_type,
            "attempts": [{ "status": "failed", "timestamp": now,
                           "error_message": "The sandbox delivers to nobody: the event is in its outbox" }],
            "event": { "id": event_id, "source": "urn:auth0:sandbox", "specversion": "1.0", "type": event_type, "time": now,
                       "data": data.to_string() },
        });
        self.store.put(&self.deliveries(&id), &event_id, &delivery);
        self.call.tenant.outbox.add(events::delivery(&stream, &event_type, now, delivery["event"].clone()));
        Ok(self.call.done(Some(&delivery)))
    }

    /// Delivers again what the body selects.
    pub(super) fn redeliver_many(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        self.record(STREAMS, &id)?;
        let body = self.call.body_map();
        let since = body.get("date_from").and_then(Value::as_str);
        let until = body.get("date_to").and_then(Value::as_str);
        let types = body.get("event_types").and_then(Value::as_array);
        for delivery in self.store.all(&self.deliveries(&id)) {
            let at = delivery.pointer("/event/time").and_then(Value::as_str).unwrap_or_default();
            let timely = since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until);
            if timely && types.is_none_or(|types| types.contains(&delivery["event_type"])) {
                self.redeliver(&id, delivery);
            }
        }
        Ok(self.call.done(Some(&Value::Object(body))))
    }

    pub(super) fn redeliver_one(&mut self) -> Result<Answer> {
        let (id, event) = (self.argument(0).to_owned(), self.argument(1).to_owned());
        self.record(STREAMS, &id)?;
        let delivery = self.record(&self.deliveries(&id), &event)?;
        self.redeliver(&id, delivery);
        Ok(self.call.done(None))
    }

    fn redeliver(&mut self, stream: &str, mut delivery: Value) {
        let event = delivery.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let again = delivery.pointer("/attempts/0").cloned().map(|mut attempt| {
            attempt["timestamp"] = json!(self.call.now);
            attempt
        });
        delivery
            .get_mut("attempts")
            .and_then(Value::as_array_mut)
            .into_iter()
            .for_each(|all| all.extend(again.clone()));
        self.store.put(&self.deliveries(stream), &event, &delivery);
        let event_type = delivery.get("event_type").and_then(Value::as_str).unwrap_or_default();
        let record = self.store.get(STREAMS, stream).unwrap_or_default();
        self.call.tenant.outbox.add(events::delivery(&record, event_type, &self.call.now, delivery["event"].clone()));
    }
}
