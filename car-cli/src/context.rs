//! What every verb has at hand: the state folder, the screen, and the manager.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use car_connectors::oauth::driver::CallbackAddress;
use car_connectors::stdio::Supervisor;
use car_connectors::store::{Home, ManifestStore, OauthClient, SecretMode};
use car_connectors::{ConnectorManager, ConnectorStatus, ManagerOptions, SignInMethod, slugify};

use crate::approver::TerminalApprover;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::output::Screen;
use crate::sign_in::ProcessRenewer;
use crate::suggestion;

/// How long servers may take to hear that their sessions are over.
const FAREWELL: Duration = Duration::from_millis(500);

/// What every verb has at hand.
pub(crate) struct Context {
    /// Where state is kept.
    pub(crate) home: Home,
    /// Where secrets are kept.
    pub(crate) secrets: SecretMode,
    /// The folder whose project is looked at, unless none is wanted.
    pub(crate) project: Option<PathBuf>,
    /// Where results go.
    pub(crate) screen: Screen,
    /// Whether a person wants to know more than the result.
    pub(crate) is_verbose: bool,
}

impl Context {
    /// Finds the state folder. Nothing is read or made yet.
    pub(crate) fn new(global: &Global, screen: Screen) -> Result<Self, Failure> {
        let home = Home::resolve(global.home.as_deref(), |name| std::env::var_os(name))
            .map_err(|error| Failure::from(error).hinted("say where with `--home DIR`"))?;
        // In a folder that is gone there is no project.
        let project = std::env::current_dir().ok().filter(|_| !global.no_project);
        Ok(Self { home, secrets: global.secrets.into(), project, screen, is_verbose: global.verbose > 0 })
    }

    /// Loads the manager. No server is contacted.
    pub(crate) async fn manager(&self) -> Result<ConnectorManager, Failure> {
        Ok(ConnectorManager::load(self.manager_options()?).await?)
    }

    /// Loads the manager of a verb that calls: where a rule says so, the approver is asked.
    pub(crate) async fn calling_manager(
        &self,
        approver: Arc<TerminalApprover>,
    ) -> Result<ConnectorManager, Failure> {
        Ok(ConnectorManager::load(self.manager_options()?.with_approver(approver)).await?)
    }

    /// Returns how the command manages connectors.
    pub(crate) fn manager_options(&self) -> Result<ManagerOptions, Failure> {
        let mut options = self.options()?;
        if let Some(renewer) = ProcessRenewer::new(&self.home, self.secrets) {
            options = options.with_renewer(Arc::new(renewer));
        }
        // The command can be killed at any moment; what it started must not stay behind.
        if let Ok(program) = std::env::current_exe() {
            options = options.with_supervisor(Supervisor::program(program, ["supervise"]));
        }
        Ok(options)
    }

    /// Loads a manager that renews tokens itself.
    pub(crate) async fn plain_manager(&self) -> Result<ConnectorManager, Failure> {
        Ok(ConnectorManager::load(self.options()?).await?)
    }

    fn options(&self) -> Result<ManagerOptions, Failure> {
        let mut options = ManagerOptions::new(self.home.clone())
            .with_secrets(self.secrets)
            .with_caller("car")
            .with_client("car", env!("CARGO_PKG_VERSION"))
            .with_variables(|name| std::env::var(name).ok())?;
        if let Some(folder) = &self.project {
            options = options.with_project_dir(folder);
        }
        Ok(options)
    }

    /// Returns where the browser comes back to, as the last sign-in said.
    pub(crate) fn callback(&self, slug: &str) -> Result<CallbackAddress, Failure> {
        let mut address = CallbackAddress::default();
        if let Some(oauth) = self.oauth(slug)? {
            address.host = oauth.callback_host;
            address.port = oauth.callback_port;
            address.path = oauth.callback_path;
        }
        Ok(address)
    }

    /// Returns whether a sign-in needs no person: by what was typed, or else as the last one.
    pub(crate) fn is_unattended(&self, slug: &str, typed: Option<&SignInMethod>) -> Result<bool, Failure> {
        match typed {
            Some(method) => Ok(!matches!(method, SignInMethod::Person)),
            None => Ok(self.oauth(slug)?.is_some_and(|oauth| oauth.method.is_some())),
        }
    }

    /// Returns whether somebody has signed in to a connector, without touching the keychain.
    pub(crate) fn has_signed_in(&self, slug: &str) -> Result<bool, Failure> {
        Ok(self.oauth(slug)?.is_some_and(|oauth| oauth.issuer.is_some()))
    }

    fn oauth(&self, slug: &str) -> Result<Option<OauthClient>, Failure> {
        let manifest = ManifestStore::new(&self.home).read()?;
        Ok(manifest.connector(slug).and_then(|connector| connector.oauth.clone()))
    }

    /// Ends the manager's sessions, and tells what it has to warn of.
    ///
    /// The warnings come at the end because a keychain is first tried when a secret is needed. A server that does not
    /// answer the farewell is not waited for: the person has their result already.
    pub(crate) async fn finish(&self, manager: &ConnectorManager) {
        drop(tokio::time::timeout(FAREWELL, manager.close()).await);
        for warning in manager.warnings() {
            self.screen.warning(&warning);
        }
    }

    /// Finds the connector that a person means: by its slug, or by its name.
    pub(crate) async fn connector(
        &self,
        manager: &ConnectorManager,
        given: &str,
    ) -> Result<ConnectorStatus, Failure> {
        let mut all = manager.list().await?;
        let slug = slugify(given);
        let found =
            [given, &slug].iter().find_map(|wanted| all.iter().position(|known| known.slug == *wanted));
        if let Some(found) = found {
            return Ok(all.swap_remove(found));
        }
        let hint = match all.is_empty() {
            true => "there are no connectors yet; add one with `car add NAME URL`".to_owned(),
            false => suggestion::hint("connectors", given, all.iter().map(|known| known.slug.as_str())),
        };
        Err(Failure::new("not_found", format!("there is no connector {given:?}")).of(given).hinted(hint))
    }
}
