use crate::client::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn ids(page: &Value) -> Vec<String> {
    page.as_array().unwrap().iter().map(|user| user["user_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn offset_pages_cover_the_first_thousand_and_no_more() {
    let client = Client::new(2500).await;
    let first = client.get("/users?include_totals=true").await.expect(200);
    assert_eq!(
        (&first["start"], &first["limit"], &first["length"], &first["total"]),
        (&json!(0), &json!(50), &json!(50), &json!(2500))
    );
    assert_eq!(first["users"].as_array().unwrap().len(), 50);
    assert_eq!(client.get("/users").await.expect(200).as_array().unwrap().len(), 50);
    let mut seen = BTreeSet::new();
    for page in 0..10 {
        seen.extend(ids(&client.get(&format!("/users?per_page=100&page={page}")).await.expect(200)));
    }
    assert_eq!(seen.len(), 1000);
    let error = json!({"statusCode": 400, "error": "Bad Request",
        "message": "You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
        "errorCode": "invalid_paging"});
    assert_eq!(client.get("/users?per_page=100&page=10").await.expect(400), error);
    assert_eq!(client.get("/users?per_page=30&page=33").await.status, 400);
    assert_eq!(client.get("/users?per_page=0").await.expect(200), json!([]));
    assert_eq!(client.get("/users?per_page=101").await.expect(400)["errorCode"], json!("invalid_query_string"));
}

#[tokio::test]
async fn checkpoint_pages_reach_everything() {
    let client = Client::new(1).await;
    for number in 0..7 {
        client.post("/organizations", json!({"name": format!("org-{number}")})).await.expect(201);
    }
    for extra in ["", "&sort=name:1"] {
        let (mut names, mut from, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = client.get(&format!("/organizations?take=4{extra}{from}")).await.expect(200);
            let list = page["organizations"].as_array().unwrap();
            names.extend(list.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
            pages += 1;
            match page.get("next") {
                Some(next) => from = format!("&from={}", next.as_str().unwrap()),
                None => break,
            }
        }
        assert_eq!((names.len(), pages), (10, 3), "{extra}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 10);
        assert!(extra.is_empty() || names.is_sorted());
    }
    assert_eq!(
        client.get("/organizations?take=4&from=nonsense").await.expect(400)["errorCode"],
        json!("invalid_paging")
    );
    assert_eq!(client.get("/organizations?take=4&page=1").await.expect(400)["errorCode"], json!("invalid_paging"));
    // Without any paging parameter the list answers as ever: an array.
    assert_eq!(client.get("/organizations").await.expect(200).as_array().unwrap().len(), 10);
    let totals = client.get("/organizations?include_totals=true&per_page=3&page=3").await.expect(200);
    assert_eq!((&totals["total"], totals["organizations"].as_array().unwrap().len()), (&json!(10), 1));
}

#[tokio::test]
async fn a_cursor_holds_while_records_come_and_go() {
    let client = Client::new(0).await;
    let page = client.get("/organizations?take=2").await.expect(200);
    let gone = page["organizations"][1]["id"].as_str().unwrap();
    client.delete(&format!("/organizations/{gone}")).await.expect(204);
    client.post("/organizations", json!({"name": "late"})).await.expect(201);
    let rest = client.get(&format!("/organizations?take=5&from={}", page["next"].as_str().unwrap())).await.expect(200);
    let names: Vec<_> =
        rest["organizations"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["zum-loewen", "late"]);
}

#[tokio::test]
async fn logs_are_bare_arrays_that_go_on_from_the_last_id() {
    let client = Client::new(0).await;
    // 150 of the seed, and the one of the test's own token.
    let (mut seen, mut path) = (BTreeSet::new(), "/logs?take=40".to_owned());
    let mut sizes = Vec::new();
    loop {
        let page = client.get(&path).await.expect(200);
        let list = page.as_array().unwrap();
        sizes.push(list.len());
        let Some(last) = list.last() else { break };
        seen.extend(list.iter().map(|log| log["log_id"].as_str().unwrap().to_owned()));
        path = format!("/logs?take=40&from={}", last["log_id"].as_str().unwrap());
    }
    assert_eq!((seen.len(), sizes), (151, vec![40, 40, 40, 31, 0]));
    let one = client.get(&format!("/logs/{}", seen.first().unwrap())).await.expect(200);
    assert_eq!(one["log_id"].as_str(), seen.first().map(String::as_str));
    assert_eq!(client.get("/logs?include_totals=true").await.expect(200)["total"], json!(151));
    assert_eq!(client.get("/logs?page=10&per_page=100").await.expect(400)["errorCode"], json!("invalid_paging"));
}

#[tokio::test]
async fn the_actions_family_counts_pages() {
    let client = Client::new(0).await;
    for number in 0..3 {
        let action =
            json!({"name": format!("a{number}"), "supported_triggers": [{"id": "post-login", "version": "v3"}]});
        client.post("/actions/actions", action).await.expect(201);
    }
    let page = client.get("/actions/actions?page=1&per_page=2").await.expect(200);
    assert_eq!((&page["total"], &page["page"], &page["per_page"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(page["actions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn users_are_searched_sorted_and_cut_to_fields() {
    let client = Client::new(300).await;
    let get = |query: &'static str| client.get(query);
    let one = get("/users?q=email:user-000007@example.com&fields=email").await.expect(200);
    assert_eq!(one, json!([{"email": "user-000007@example.com"}]));
    let quoted = get("/users?q=email%3A%22user-000007%40example.com%22").await.expect(200);
    assert_eq!(quoted.as_array().unwrap().len(), 1);
    let some = get("/users?q=email:user-00000*&include_totals=true&per_page=4").await.expect(200);
    assert_eq!((&some["total"], some["users"].as_array().unwrap().len()), (&json!(9), 4));
    let nested = get("/users?q=app_metadata.plan:pro%20AND%20user_metadata.locale:de&per_page=100").await.expect(200);
    let nested = nested.as_array().unwrap();
    assert!(!nested.is_empty() && nested.iter().all(|user| user["app_metadata"]["plan"] == json!("pro")));
    let refused = get("/users?q=email:[a%20b]").await.expect(400);
    assert_eq!(refused["errorCode"], json!("invalid_query_string"));
    assert!(refused["message"].as_str().unwrap().contains("not supported"));

    let sorted = get("/users?sort=email:-1&per_page=2&fields=email").await.expect(200);
    assert_eq!(sorted, json!([{"email": "user-000300@example.com"}, {"email": "user-000299@example.com"}]));
    assert_eq!(get("/users?sort=email").await.status, 400);
    let without = get("/users?per_page=1&fields=identities,email&include_fields=false").await.expect(200);
    assert!(without[0].get("email").is_none() && without[0].get("user_id").is_some());
    assert_eq!(get("/users?connection=google-oauth2").await.expect(200), json!([]));
    assert_eq!(get("/roles?name_filter=EDIT").await.expect(200).as_array().unwrap().len(), 1);
}
