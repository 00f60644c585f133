//! What a server offers at one moment. A change makes a new registry; who reads keeps the old one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use car_mcp_proto::Era;

use super::builder::DefinitionError;
use super::completion::{Completed, CompletionFunction, CompletionKey, ServerCompletion};
use super::offer::Offered;
use super::prompt::PromptEntry;
use super::resource::{ResourceEntry, TemplateEntry, Variables};
use super::tool::ToolEntry;

/// So many names are compared one by one sooner than one is hashed.
const FEW: usize = 8;

/// Things by name, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// Sequence numbers grow and are never used again: a cursor names one, and stays good when entries come and go.
    entries: Vec<(u64, Arc<T>)>,
    by_name: HashMap<Arc<str>, Arc<T>>,
    next: u64,
}

/// How a list differs from what it was.
#[derive(Debug)]
pub(crate) enum Difference<T> {
    Nothing,
    /// These entries are new or defined otherwise: it concerns whoever sees one of them.
    Entries(Vec<Arc<T>>),
    /// Entries are gone or stand elsewhere. Nobody can be asked any more who saw them, so it concerns everybody.
    List,
}

impl<T> Difference<T> {
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// Something that is listed and found by name.
pub(crate) trait Entry {
    /// The list that it stands in.
    const LIST: List;

    /// Returns what it is found by: its name, URI or template.
    fn key(&self) -> &str;

    /// Returns it as something that is shown to a caller or not.
    fn offered(&self) -> Offered<'_>;

    /// Returns its definition as clients of an era are told it.
    fn text(&self, era: Era) -> &str;
}

/// A list that clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum List {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl List {
    /// Returns the member of the result that holds the entries.
    pub(crate) const fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_name: HashMap::new(), next: 0 }
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), by_name: self.by_name.clone(), next: self.next }
    }
}

impl<T: Entry> Table<T> {
    /// Adds an entry at the end, or puts it where the one of its name was. Returns whether there was one.
    pub(crate) fn put(&mut self, entry: T) -> bool {
        let entry = Arc::new(entry);
        let old = self.by_name.insert(entry.key().into(), Arc::clone(&entry));
        match old.and_then(|old| self.entries.iter_mut().find(|(_, other)| Arc::ptr_eq(other, &old))) {
            Some((_, place)) => {
                *place = entry;
                true
            }
            None => {
                self.entries.push((self.next, entry));
                self.next += 1;
                false
            }
        }
    }

    /// Returns the table with these entries in the place of all that it has, in their order. What stays where it is
    /// among the others keeps its number; what was moved or comes after a new one is numbered anew, so that a cursor
    /// never leaves out what is still to come.
    pub(crate) fn replaced(&self, entries: Vec<T>) -> Self {
        let numbers: HashMap<&str, u64> =
            self.entries.iter().map(|(number, entry)| (entry.key(), *number)).collect();
        let mut table = Self {
            entries: Vec::with_capacity(entries.len()),
            by_name: HashMap::with_capacity(entries.len()),
            next: self.next,
        };
        let mut last = None;
        for entry in entries {
            let kept = numbers.get(entry.key()).copied().filter(|number| Some(*number) > last);
            let number = kept.unwrap_or_else(|| {
                table.next += 1;
                table.next - 1
            });
            last = Some(number);
            let entry = Arc::new(entry);
            table.by_name.insert(entry.key().into(), Arc::clone(&entry));
            table.entries.push((number, entry));
        }
        table
    }

    /// Returns what clients of some era are told otherwise than before.
    pub(crate) fn difference(&self, before: &Self) -> Difference<T> {
        let differs = |own: &T, old: &T| {
            [Era::Legacy, Era::Modern].into_iter().any(|era| own.text(era) != old.text(era))
        };
        let is_news = |entry: &&Arc<T>| before.find(entry.key()).is_none_or(|old| differs(entry, old));
        let news: Vec<_> = self.entries.iter().map(|(_, entry)| entry).filter(is_news).cloned().collect();
        if self.keys().eq(before.keys()) {
            return if news.is_empty() { Difference::Nothing } else { Difference::Entries(news) };
        }
        let is_longer = before.keys().all(|key| self.by_name.contains_key(key)) && !news.is_empty();
        if is_longer { Difference::Entries(news) } else { Difference::List }
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(_, entry)| entry.key())
    }

    /// Takes an entry out. Returns whether there was one.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let Some(old) = self.by_name.remove(name) else { return false };
        self.entries.retain(|(_, entry)| !Arc::ptr_eq(entry, &old));
        true
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<T>> {
        if self.entries.len() <= FEW {
            return self.entries.iter().map(|(_, entry)| entry).find(|entry| entry.key() == name);
        }
        self.by_name.get(name)
    }

    /// Returns whether there ever was an entry.
    pub(crate) const fn was_used(&self) -> bool {
        self.next > 0
    }

    /// Returns the number that the next entry will have.
    pub(crate) const fn next_sequence(&self) -> u64 {
        self.next
    }

    pub(crate) fn entries(&self) -> &[(u64, Arc<T>)] {
        &self.entries
    }
}

/// The page that begins at an entry, by its index, as an era's clients are told it.
pub(crate) type PageKey = (List, Era, usize);

/// What a server offers at one moment.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) tools: Table<ToolEntry>,
    pub(crate) prompts: Table<PromptEntry>,
    pub(crate) resources: Table<ResourceEntry>,
    pub(crate) templates: Table<TemplateEntry>,
    pub(crate) completions: HashMap<CompletionKey, Completing>,
    /// Pages that were written before. A list of thousands is then copied, not written.
    pub(crate) pages: Mutex<HashMap<PageKey, Bytes>>,
}

/// A completion's function.
#[derive(Clone)]
pub(crate) struct Completing(pub(crate) Arc<CompletionFunction>);

impl std::fmt::Debug for Completing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Completing")
    }
}

impl Clone for Registry {
    /// The pages stay behind: the clone is made to be changed.
    fn clone(&self) -> Self {
        Self {
            tools: self.tools.clone(),
            prompts: self.prompts.clone(),
            resources: self.resources.clone(),
            templates: self.templates.clone(),
            completions: self.completions.clone(),
            pages: Mutex::default(),
        }
    }
}

impl Registry {
    /// Returns the first template that is shown and fits a URI, and the values of its variables.
    pub(crate) fn match_template(
        &self,
        uri: &str,
        is_shown: impl Fn(&TemplateEntry) -> bool,
    ) -> Option<(&Arc<TemplateEntry>, Variables)> {
        self.templates.entries().iter().map(|(_, entry)| entry).find_map(|entry| {
            let variables = entry.template.match_uri(uri)?;
            is_shown(entry).then_some((entry, variables))
        })
    }

    /// Forgets the pages that were written, because the lists change.
    pub(crate) fn forget_pages(&mut self) {
        self.pages.get_mut().expect("nothing panics while it holds the pages").clear();
    }

    /// Takes over the pages of lists that are the same as in another registry.
    pub(crate) fn keep_pages(&mut self, other: &Self, is_same: impl Fn(List) -> bool) {
        let known = other.pages.lock().expect("nothing panics while it holds the pages");
        let kept = known.iter().filter(|((list, ..), _)| is_same(*list));
        let pages = self.pages.get_mut().expect("nothing panics while it holds the pages");
        pages.extend(kept.map(|(key, page)| (*key, page.clone())));
    }

    pub(crate) const fn offers_resources(&self) -> bool {
        self.resources.was_used() || self.templates.was_used()
    }

    /// Returns whether what a completion belongs to exists here; nothing where the thing itself does not.
    pub(crate) fn has_argument(&self, key: &CompletionKey) -> Option<bool> {
        match key.of {
            Completed::Prompt => Some(self.prompts.find(&key.name)?.has_argument(&key.argument)),
            Completed::Template => {
                Some(self.templates.find(&key.name)?.template.variables().any(|name| *name == *key.argument))
            }
        }
    }

    /// Adds a completion to what is there already.
    pub(crate) fn complete(&mut self, completion: ServerCompletion) -> Result<(), DefinitionError> {
        let ServerCompletion { key, function } = completion;
        let invalid = |reason: &str| DefinitionError::Invalid {
            kind: "completion",
            name: format!("{} {}", key.name, key.argument),
            reason: reason.to_owned(),
        };
        match self.has_argument(&key) {
            None => return Err(invalid("expected a prompt or template of this name, found none")),
            Some(false) => return Err(invalid("expected an argument or variable of this name, found none")),
            Some(true) => {}
        }
        if self.completions.contains_key(&key) {
            return Err(invalid("expected one completion, found two"));
        }
        self.completions.insert(key, Completing(function));
        Ok(())
    }
}
