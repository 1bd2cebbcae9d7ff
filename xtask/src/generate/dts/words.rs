//! Names as the npm package `auth0` writes them: acronyms are words like others (`AnomalyIPFormat` is `AnomalyIpFormat`).

/// The words of a name: runs of lower-case letters with the capital before them, of capitals, and of digits.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or(' ');
    let mut words = Vec::new();
    let mut index = 0;
    while index < chars.len() {
        let start = index;
        let run = |mut end: usize, is: fn(&char) -> bool| {
            while is(&at(end)) {
                end += 1;
            }
            end
        };
        if at(index).is_ascii_digit() {
            index = run(index, char::is_ascii_digit);
        } else if at(index).is_ascii_uppercase() && !at(index + 1).is_ascii_lowercase() {
            index = run(index, char::is_ascii_uppercase);
            // The last capital begins the next word.
            if at(index).is_ascii_lowercase() {
                index -= 1;
            }
        } else if at(index).is_ascii_alphabetic() {
            index = run(index + 1, char::is_ascii_lowercase);
        } else {
            index += 1;
            continue;
        }
        words.push(chars.iter().skip(start).take(index - start).collect());
    }
    words
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + &chars.as_str().to_ascii_lowercase())
}

/// `ListScimConfigurations` of `ListSCIMConfigurations` or `list_scim-configurations`.
pub(super) fn pascal(text: &str) -> String {
    words(text).iter().map(|word| capitalized(word)).collect()
}

/// `authenticationMethodId` of `authentication_method_id`.
pub(super) fn camel(text: &str) -> String {
    let name = pascal(text);
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

/// The name of an enum's value: `RegularWeb` of `regular_web`.
pub(super) fn member(value: &str) -> String {
    match value {
        "" => "Empty".to_owned(),
        // The package has this one name for it.
        "1.0" => "One0".to_owned(),
        _ => pascal(value),
    }
}
