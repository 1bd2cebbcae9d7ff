//! Searches: the same records whether an index, a part of the tenant or all of it was looked at.

use crate::client::Client;
use crate::login::CONNECTION;
use serde_json::{Value, json};

fn emails(page: &Value) -> Vec<String> {
    let list = page.as_array().or_else(|| page["users"].as_array()).unwrap_or_else(|| panic!("{page}"));
    list.iter().map(|user| user["email"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn beginnings_of_addresses_come_from_the_index_in_the_order_of_the_list() {
    let client = Client::new(300).await;
    let body = json!({"connection": CONNECTION, "email": "User-00001x@Example.com", "password": "Secret-12"});
    client.post("/users", body).await.expect(201);
    let found = client.get("/users?q=email:user-00001*").await.expect(200);
    let wanted: Vec<String> = (10..20).map(|number| format!("user-{number:06}@example.com")).collect();
    assert_eq!(emails(&found), [wanted, vec!["user-00001x@example.com".to_owned()]].concat());
    let totals = client
        .get("/users?q=email:user-00001*%20AND%20NOT%20email:*x@*&include_totals=true&per_page=3")
        .await
        .expect(200);
    assert_eq!((emails(&totals).len(), &totals["total"]), (3, &json!(10)));
    let id = client.get("/users?q=email:user-000007@example.com").await.expect(200)[0]["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let query = format!("/users?q=user_id:%22{}%22", id.replace('|', "%7C"));
    assert_eq!(emails(&client.get(&query).await.expect(200)), ["user-000007@example.com"]);
    assert_eq!(client.get("/users?q=user_id:none").await.expect(200), json!([]));
}

#[tokio::test]
async fn pages_of_a_search_end_where_it_ends() {
    let client = Client::new(300).await;
    let total =
        client.get("/users?q=user_metadata.locale:en&include_totals=true").await.expect(200)["total"].as_u64().unwrap();
    let mut seen = 0;
    for page in 0.. {
        let count =
            emails(&client.get(&format!("/users?q=user_metadata.locale:en&per_page=20&page={page}")).await.expect(200))
                .len();
        seen += count as u64;
        if count < 20 {
            break;
        }
    }
    assert!(seen == total && total > 100, "{seen} {total}");
    let sorted = client.get("/users?sort=logins_count:-1&per_page=100&q=user_metadata.locale:en").await.expect(200);
    let counts: Vec<u64> =
        sorted.as_array().unwrap().iter().map(|user| user["logins_count"].as_u64().unwrap()).collect();
    assert!(counts.windows(2).all(|pair| pair[0] >= pair[1]) && counts.len() == 100, "{counts:?}");
    let second =
        client.get("/users?sort=logins_count:-1&per_page=50&page=1&q=user_metadata.locale:en").await.expect(200);
    assert_eq!(emails(&second), emails(&sorted)[50..]);
}
