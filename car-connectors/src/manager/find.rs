//! Finding services by need.
//!
//! ```text
//!   sources, all at once, until the deadline ──▶ Answered ──┐
//!   connectors and enabled tools ───────────────────────────┴─▶ Candidates ──▶ ranked ──▶ Found
//! ```

use std::sync::Arc;

use car_agentdns::{Need, SourceKind};
use car_connectors_store::{Embeddings, KnownService, Sources};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{ConnectorManager, Inner};
use crate::discovery::{
    Answered, Candidates, FindOptions, Found, FoundService, Local, Question, Ranked, Setting, Shelved,
    agreed, asking_time, changes, no_source, nobody_asked, not_asked, ranking_failed, settings,
};
use crate::error::Error;

impl ConnectorManager {
    /// Finds the services that fit a need best: of what is connected already, and of all sources, which are asked at once.
    /// Nothing that is found is contacted.
    ///
    /// A source that fails, is slow or lies is among those left out, and no error. The answer is there by the deadline.
    ///
    /// # Errors
    /// Says what is wrong with the need, the file of sources or a variable that names them; or that no source could be
    /// asked where there is nothing else to search.
    ///
    /// # Cancel safety
    /// What has been read of a registry by then is kept.
    pub async fn find(&self, need: &str, options: &FindOptions) -> Result<Found, Error> {
        let need = Need::new(need)?;
        let asked = Instant::now();
        let (file, settings) = self.inner.wanted_sources(&options.sources).await?;
        let manifest = self.inner.manifest().await?;
        let now = self.inner.discovery.now();
        let local = Local::read(&self.inner, &manifest, now);
        let question = Question {
            need,
            limit: options.limit,
            offline: options.offline,
            now,
            asked,
            until: asked + asking_time(options.deadline),
        };
        let answers = self.inner.ask_all(&settings, &question).await;
        let model = file.embeddings.map(|embeddings| (embeddings, asked + options.deadline));
        self.inner.put_together(&settings, &question, local, answers, model).await
    }
}

impl Inner {
    /// Reads which sources there are, and which of them are wanted: those named, or all that are enabled.
    pub(crate) async fn wanted_sources(&self, names: &[String]) -> Result<(Sources, Vec<Setting>), Error> {
        let (file, mut settings) = self.all_sources().await?;
        if let Some(name) = names.iter().find(|name| !settings.iter().any(|setting| setting.name == **name)) {
            return Err(no_source(name, &settings));
        }
        settings.retain(|setting| match names {
            [] => setting.is_enabled,
            names => names.contains(&setting.name),
        });
        Ok((file, settings))
    }

    /// Reads which sources there are.
    pub(crate) async fn all_sources(&self) -> Result<(Sources, Vec<Setting>), Error> {
        self.blocking(|inner| {
            let file = inner.discovery.sources.read()?;
            let settings = settings(&file, &*inner.oauth.variables)?;
            Ok((file, settings))
        })
        .await
    }

    /// Asks all sources at once. The answers are in the order of the sources.
    async fn ask_all(&self, settings: &[Setting], question: &Question) -> Vec<Answered> {
        let mut asking = JoinSet::new();
        for (place, setting) in settings.iter().enumerate() {
            let Some(inner) = self.own.upgrade() else { break };
            let (setting, question) = (setting.clone(), question.clone());
            // They run side by side, and end with this future.
            asking.spawn(async move { (place, inner.ask(&setting, &question).await) });
        }
        let mut answers: Vec<Option<Answered>> = settings.iter().map(|_| None).collect();
        while let Some(asked) = asking.join_next().await {
            if let Ok((place, answered)) = asked {
                answers[place] = Some(answered);
            }
        }
        let failed = |setting| Answered {
            left_out: Some(not_asked(setting, "asking it failed", "the log says more")),
            ..Answered::default()
        };
        let answers = answers.into_iter().zip(settings);
        answers.map(|(answered, setting)| answered.unwrap_or_else(|| failed(setting))).collect()
    }

    /// Ranks everything together, and compares what fits with what is known of it here.
    async fn put_together(
        &self,
        settings: &[Setting],
        question: &Question,
        mut local: Local,
        answers: Vec<Answered>,
        model: Option<(Embeddings, Instant)>,
    ) -> Result<Found, Error> {
        let mut found = Found {
            need: question.need.as_str().to_owned(),
            services: Vec::new(),
            searched: Vec::new(),
            left_out: Vec::new(),
            ranked_by: "words".to_owned(),
            notes: Vec::new(),
        };
        let (mut shelved, mut small) = (Vec::new(), Vec::new());
        // What is on this machine counts before everything else.
        small.push((0, String::new(), std::mem::take(&mut local.services)));
        for (place, (setting, answered)) in settings.iter().zip(answers).enumerate() {
            let place = place + 1;
            let (name, is_verified) = (setting.name.clone(), setting.is_verified());
            shelved.extend(answered.mirror.map(|mirror| Shelved {
                name: name.clone(),
                is_verified,
                mirror,
                place,
            }));
            small.push((place, name, answered.services));
            found.searched.extend(answered.searched);
            found.left_out.extend(answered.left_out);
            found.notes.extend(answered.notes);
        }
        let shelf = self.discovery.shelf(shelved).await?;
        let candidates = tokio::task::spawn_blocking(move || Candidates::new(shelf, small)).await;
        let candidates = Arc::new(candidates.map_err(ranking_failed)?.map_err(ranking_failed)?);
        if candidates.is_empty() && found.searched.is_empty() {
            match found.left_out.first() {
                Some(first) => return Err(nobody_asked(first)),
                None => {
                    found.notes.push("there are no sources to search: `car sources add` adds one".to_owned())
                }
            }
        }
        let ranked = self.rank(&candidates, question, model, &mut found).await?;
        let known = self.known_services(&mut found.notes).await;
        found.services = ranked.into_iter().map(|ranked| compared(ranked, &local, &known)).collect();
        Ok(found)
    }

    /// Ranks by words and meaning where there is a model, and otherwise, or where that fails, by words alone.
    async fn rank(
        &self,
        candidates: &Arc<Candidates>,
        question: &Question,
        model: Option<(Embeddings, Instant)>,
        found: &mut Found,
    ) -> Result<Vec<Ranked>, Error> {
        let (need, limit) = (question.need.clone(), question.limit);
        let by_words = Arc::clone(candidates);
        let by_words = tokio::task::spawn_blocking(move || by_words.by_words(&need, limit)).await;
        let by_words = by_words.map_err(ranking_failed)?.map_err(ranking_failed)?;
        let Some((embeddings, until)) = model else { return Ok(by_words) };
        if question.offline {
            found
                .notes
                .push(format!("the model {} is not asked offline: ranked by words alone", embeddings.model));
            return Ok(by_words);
        }
        match self.by_meaning(&embeddings, candidates, &question.need, limit, until).await {
            Ok(ranked) => {
                found.ranked_by = format!("words and {}", embeddings.model);
                Ok(ranked)
            }
            Err(reason) => {
                found.notes.push(format!("ranked by words alone: {reason}"));
                Ok(by_words)
            }
        }
    }

    /// Reads what people agreed to. If that cannot be read, a search goes on without and says so.
    async fn known_services(&self, notes: &mut Vec<String>) -> Vec<KnownService> {
        match self.blocking(|inner| Ok(inner.discovery.known.all()?)).await {
            Ok(known) => known,
            Err(error) => {
                notes.push(format!("what you agreed to before cannot be compared: {error}"));
                Vec::new()
            }
        }
    }
}

fn compared(ranked: Ranked, local: &Local, known: &[KnownService]) -> FoundService {
    let Ranked { service, scored, also_in } = ranked;
    let is_local = service.provenance.kind == SourceKind::Local;
    let known = agreed(known, &service).filter(|_| !is_local);
    FoundService {
        connected_as: local.connected_as(&service),
        changed: known.map(|known| changes(known, &service)).unwrap_or_default(),
        service,
        score: scored.score,
        words: scored.words,
        meaning: scored.meaning,
        reasons: scored.reasons,
        also_in,
    }
}
