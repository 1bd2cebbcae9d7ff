//! A bucket as text, for a store that many machines share: its numbers, separated by spaces, behind the version.

use super::bucket::{Bucket, Sample};

/// Changes with what the numbers mean. A text of another version is none.
const VERSION: &str = "v1";

impl Bucket {
    pub(super) fn to_text(&self) -> String {
        let flag = |flag: bool| f64::from(u8::from(flag));
        let sample = |sample: Option<Sample>| {
            let all = sample.map(|one| [one.sent, one.received, one.remaining, one.spent]);
            all.unwrap_or([f64::NAN; 4])
        };
        let own = [
            self.limit,
            self.level,
            self.at,
            self.speed,
            flag(self.steps),
            flag(self.flows),
            self.full_at,
            self.full_after,
            self.blocked_until,
            self.taken,
            self.known,
            self.refused,
            self.ahead.unwrap_or(f64::NAN),
            flag(self.waited),
            self.caution,
            flag(self.silent),
            self.booked_until,
        ];
        let numbers = own.into_iter().chain(sample(self.anchor)).chain(sample(self.last));
        std::iter::once(VERSION.to_owned())
            .chain(numbers.map(|number| number.to_string()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Reads it again. `None` for anything else, and for numbers that no bucket has.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let numbers: Vec<f64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let [own @ .., a, b, c, d, e, f, g, h] = numbers.as_slice() else { return None };
        let &[
            limit,
            level,
            at,
            speed,
            steps,
            flows,
            full_at,
            full_after,
            blocked_until,
            taken,
            known,
            refused,
            ahead,
            waited,
            caution,
            silent,
            booked_until,
        ] = own
        else {
            return None;
        };
        let some = |number: f64| (!number.is_nan()).then_some(number);
        let sample = |sent: f64, received: f64, remaining: f64, spent: f64| {
            some(sent + received + remaining + spent).map(|_| Sample { sent, received, remaining, spent })
        };
        let plain = [limit, at, speed, full_after, blocked_until, taken, known, refused, caution, booked_until];
        let sound = plain.iter().all(|number| number.is_finite() && *number >= 0.0)
            && !full_at.is_nan()
            && (-limit..=limit).contains(&level);
        sound.then_some(Self {
            limit,
            level,
            at,
            speed,
            steps: steps != 0.0,
            flows: flows != 0.0,
            full_at,
            full_after,
            blocked_until,
            taken,
            known,
            refused,
            ahead: some(ahead),
            waited: waited != 0.0,
            caution,
            silent: silent != 0.0,
            booked_until,
            anchor: sample(*a, *b, *c, *d),
            last: sample(*e, *f, *g, *h),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::bucket::{Need, RESERVE, Seen, Verdict};
    use super::*;

    #[test]
    fn a_bucket_comes_back_as_it_was() {
        let mut bucket = Bucket::new();
        for round in 0..20 {
            let text = bucket.to_text();
            assert_eq!(Bucket::from_text(&text).as_ref(), Some(&bucket), "{text}");
            let now = 1_767_225_600.123 + f64::from(round);
            if let Verdict::Go(ticket) = bucket.ask(Need::One, RESERVE, now) {
                let left = Some((10.0, f64::from(9 - round % 10)));
                bucket.told(&ticket, &Seen { left, reset: Some(now.ceil()), ..Seen::default() }, now + 0.07);
            }
        }
    }

    #[test]
    fn garbage_is_none() {
        let good = Bucket::new().to_text();
        assert!(Bucket::from_text(&good).is_some());
        let newer = good.replace("v1", "v2");
        let (longer, shorter) = (format!("{good} 1"), good.rsplit_once(' ').map(|(start, _)| start.to_owned()));
        let (negative, wild) = (good.replacen(" 0", " -5", 1), good.replacen(" 0", " NaN", 1));
        for text in ["", "v1", "{}", "v1.plain.{}", &newer, &longer, &shorter.unwrap_or_default(), &negative, &wild] {
            assert_eq!(Bucket::from_text(text), None, "{text}");
        }
    }
}
