//! API keys.

use crate::api::keys::{ApiKeys, CreateApiKey, CreatedApiKey, GenerateApiKey, GeneratedApiKey};
use crate::limit::Priority;
use crate::rest::{Auth, Client, Error};

impl Client {
    /// The account's keys: `GET /api_keys`. Scope `read`; 10 read tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn api_keys(&self) -> Result<ApiKeys, Error> {
        self.get(Auth::Private, &["api_keys"]).send().await
    }

    /// Registers the public half of a key pair: `POST /api_keys`. Scope `write`; 10 write tokens. From tier Premier on.
    ///
    /// # Errors
    /// 400 for a text that is no public key, or `write` without `read` among the scopes; 403 below Premier.
    pub async fn create_api_key(&self, key: &CreateApiKey) -> Result<CreatedApiKey, Error> {
        self.post(&["api_keys"]).json(key).send().await
    }

    /// Lets the exchange make a key pair: `POST /api_keys/generate`. Scope `write`; 10 write tokens.
    ///
    /// The answer holds the private half, this once; no error quotes it. A lost answer leaves a key that nobody can use: delete
    /// it.
    ///
    /// # Errors
    /// 400 for `write` without `read` among the scopes.
    pub async fn generate_api_key(&self, key: &GenerateApiKey) -> Result<GeneratedApiKey, Error> {
        let request = self.post(&["api_keys", "generate"]);
        request.json(key).secret_answer().send().await
    }

    /// Deletes a key, for good: `DELETE /api_keys/{api_key}`. Scope `write`; 10 write tokens.
    ///
    /// # Errors
    /// 404: there is no such key (any more).
    pub async fn delete_api_key(&self, key_id: &str) -> Result<(), Error> {
        let request = self.delete(&["api_keys", key_id]);
        // It takes no risk away, so it waits like any other write.
        request.priority(Priority::Normal).send_empty().await
    }
}
