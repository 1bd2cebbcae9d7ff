//! Providers and templates of text messages: what they would send is in the outbox.

use super::Deed;
use crate::error::ApiError;
use crate::message::Answer;
use crate::outbox::Message;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

const TEMPLATES: &str = "/branding/phone/templates";

impl Deed<'_, '_> {
    fn send_test(&self, template: &str, data: Value) {
        let voice = self.text("delivery_method").as_deref() == Some("voice");
        self.call.tenant.outbox.add(Message {
            at: self.call.now.clone(),
            kind: if voice { "voice" } else { "sms" }.into(),
            to: self.text("to").unwrap_or_default(),
            template: template.to_owned(),
            data,
            ..Message::default()
        });
    }

    pub(super) fn try_phone_provider(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let provider = self.record("/branding/phone/providers", &id)?;
        self.send_test("phone_provider_test", json!({ "provider": provider["name"] }));
        Ok(self.call.done(Some(&json!({ "code": 202, "message": "The message is in the outbox" }))))
    }

    pub(super) fn try_phone_template(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let template = self.record(TEMPLATES, &id)?;
        let kind = template.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.send_test(&kind, template["content"].clone());
        Ok(self.call.done(Some(&json!({ "message": "The message is in the outbox" }))))
    }

    /// The text that a new template has.
    pub(super) fn reset_phone_template(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut template = self.record(TEMPLATES, &id)?;
        let text = match template.get("type").and_then(Value::as_str) {
            Some("otp_enroll") => "{{ code }} is your verification code to enroll at {{ friendly_name }}.",
            Some("change_password") => "{{ code }} is your code to change your password at {{ friendly_name }}.",
            Some("blocked_account") => "Your account at {{ friendly_name }} was blocked.",
            Some("password_breach") => "Your password at {{ friendly_name }} was found in a breach: please change it.",
            _ => "{{ code }} is your verification code for {{ friendly_name }}.",
        };
        template["content"] = json!({ "syntax": "liquid", "body": { "text": text, "voice": text } });
        self.store.put(TEMPLATES, &id, &template);
        Ok(self.call.done(Some(&template)))
    }
}
