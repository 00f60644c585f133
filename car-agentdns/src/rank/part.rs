//! A part of what is searched: tantivy's index of some services, in memory, made once and never changed.

use std::sync::Arc;

use tantivy::directory::RamDirectory;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{Field as Key, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{InvertedIndexReader, ReloadPolicy, SegmentReader, TantivyDocument, Term};

use super::fields::{Field, each_text};
use super::words::Analyzer;
use crate::service::Service;

/// What the table of terms begins with, in bytes. It grows; a part may have ten services.
const FIRST_TABLE: usize = 500_000;

/// One field of the index, ready to be read.
struct Column {
    key: Key,
    inverted: Arc<InvertedIndexReader>,
    lengths: FieldNormReader,
    /// How many services have something in this field. Others must not make it look as if it were usually short.
    filled: u64,
}

/// The index of a part. One without services has no columns.
pub(super) struct Part {
    columns: Vec<Column>,
}

/// How long the texts of a field are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths {
    /// All their words together.
    pub(super) words: u64,
    /// How many services have one.
    pub(super) filled: u64,
}

impl Part {
    pub(super) fn new(services: &[Service]) -> tantivy::Result<Self> {
        if services.is_empty() {
            return Ok(Self { columns: Vec::new() });
        }
        let mut schema = Schema::builder();
        let counted = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs)
            .set_fieldnorms(true);
        let options = TextOptions::default().set_indexing_options(counted);
        let keys = Field::ALL.map(|field| schema.add_text_field(field.as_str(), options.clone()));
        let mut writer = tantivy::Index::builder()
            .schema(schema.build())
            .single_segment_index_writer(RamDirectory::create(), FIRST_TABLE)?;
        let mut analyzer = Analyzer::new();
        let mut filled = [0; Field::ALL.len()];
        for service in services {
            let terms = terms_of(service, &mut analyzer);
            let mut document = TantivyDocument::new();
            for (place, terms) in terms.into_iter().enumerate().filter(|(_, terms)| !terms.is_empty()) {
                filled[place] += 1;
                document.add_text(keys[place], terms);
            }
            writer.add_document(document)?;
        }
        // Read by hand: no thread watches for changes, as there are none.
        let reader = writer.finalize()?.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let searcher = reader.searcher();
        let columns = keys
            .iter()
            .zip(filled)
            .map(|(&key, filled)| Column::new(searcher.segment_reader(0), key, filled));
        Ok(Self { columns: columns.collect::<tantivy::Result<_>>()? })
    }

    /// Returns how long the texts of a field are in this part.
    pub(super) fn lengths(&self, field: Field) -> Lengths {
        let column = self.columns.get(field as usize);
        column.map_or_else(Lengths::default, |column| Lengths {
            words: column.inverted.total_num_tokens(),
            filled: column.filled,
        })
    }

    /// Returns whether any service has a term in any field.
    pub(super) fn knows(&self, term: &str) -> tantivy::Result<bool> {
        for column in &self.columns {
            if column.inverted.get_term_info(&Term::from_field_text(column.key, term))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Hands over the mentions of a term: the service, how often, and how long its text is, as a code for
    /// [`FieldNormReader::id_to_fieldnorm`].
    pub(super) fn each_mention(
        &self,
        field: Field,
        term: &str,
        mut take: impl FnMut(u32, u32, u8),
    ) -> tantivy::Result<()> {
        let Some(column) = self.columns.get(field as usize) else { return Ok(()) };
        let term = Term::from_field_text(column.key, term);
        let Some(mut block) = column.inverted.read_block_postings(&term, IndexRecordOption::WithFreqs)?
        else {
            return Ok(());
        };
        while block.block_len() > 0 {
            for (&service, &times) in block.docs().iter().zip(block.freqs()) {
                take(service, times, column.lengths.fieldnorm_id(service));
            }
            BlockSegmentPostings::advance(&mut block);
        }
        Ok(())
    }
}

impl Column {
    fn new(segment: &SegmentReader, key: Key, filled: u64) -> tantivy::Result<Self> {
        let (inverted, lengths) = (segment.inverted_index(key)?, segment.get_fieldnorms_reader(key)?);
        Ok(Self { key, inverted, lengths, filled })
    }
}

/// Returns the terms of each field with blanks between them: tantivy passes terms that were cut already through JSON, which
/// takes longer than cutting them again.
fn terms_of(service: &Service, analyzer: &mut Analyzer) -> [String; Field::ALL.len()] {
    let mut terms: [String; Field::ALL.len()] = Default::default();
    each_text(service, |field, _, text| {
        let terms = &mut terms[field as usize];
        analyzer.each_term(text, field.stop_words(), |term| {
            terms.push_str(&term);
            terms.push(' ');
        });
    });
    terms
}
