//! How a file is to be imported, on the wire: a part of the form, or parameters of the address.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    dto::extract::Checked,
    errors::Fault,
    models::OnDuplicate,
    services::imports::{ImportOptions, Reading},
    utils::sheet::{Delimiter, DialectChoice, TextEncoding},
};

/// How a file is to be imported. What is not said is detected in the file, or proposed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mapping": {"Work Email": "email", "Seniority": "custom_fields.seniority", "Notes": null}, "on_duplicate": "update_empty"}))]
pub struct ImportOptionsRequest {
    /// What columns mean, by their headers: a field of the lead, `custom_fields.` and a name, or null for a column that is to be left out.
    /// Columns that are not named here become what is proposed for them.
    pub mapping: Option<BTreeMap<String, Option<String>>>,
    /// What to do with people who are leads already; `update_empty` unless said otherwise.
    pub on_duplicate: Option<OnDuplicate>,
    /// What stands between the cells of a text: `,`, `;`, `|` or a tab, or `comma`, `semicolon`, `pipe` or `tab`.
    #[schema(max_length = 20, example = ";")]
    pub delimiter: Option<String>,
    /// How a text spells its letters, by a name that browsers know, such as `utf-8`, `utf-16le` or `windows-1252`.
    #[schema(max_length = 40, example = "utf-8")]
    pub encoding: Option<String>,
    /// The sheet of a workbook that is to be read; the first one with rows unless said otherwise.
    #[schema(min_length = 1, max_length = 100)]
    pub sheet: Option<String>,
}

/// How a file is to be imported that is the body itself.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportParams {
    /// Of a file that is the body itself: what to do with people who are leads already; `update_empty` unless said otherwise.
    #[param(inline)]
    pub on_duplicate: Option<OnDuplicate>,
    /// Of a file that is the body itself: what stands between the cells of a text.
    #[param(max_length = 20)]
    pub delimiter: Option<String>,
    /// Of a file that is the body itself: how a text spells its letters.
    #[param(max_length = 40)]
    pub encoding: Option<String>,
    /// Of a file that is the body itself: the sheet of a workbook that is to be read.
    #[param(max_length = 100)]
    pub sheet: Option<String>,
    /// Of a file that is the body itself: what it is called.
    #[param(max_length = 255)]
    pub file_name: Option<String>,
}

impl Checked for ImportOptionsRequest {
    type Read = ImportOptions;

    fn check(self) -> Result<ImportOptions, Vec<Fault>> {
        let Self { mapping, on_duplicate, delimiter, encoding, sheet } = self;
        let mut faults = Vec::new();
        let dialect = dialect(delimiter.as_deref(), encoding.as_deref(), "/", &mut faults);
        let on_duplicate = on_duplicate.unwrap_or(OnDuplicate::UpdateEmpty);
        let options =
            ImportOptions { reading: Reading { dialect, sheet }, mapping: mapping.unwrap_or_default(), on_duplicate };
        if faults.is_empty() { Ok(options) } else { Err(faults) }
    }
}

impl Checked for ImportParams {
    type Read = (ImportOptions, Option<String>);

    fn check(self) -> Result<Self::Read, Vec<Fault>> {
        let Self { on_duplicate, delimiter, encoding, sheet, file_name } = self;
        let mut faults = Vec::new();
        let dialect = dialect(delimiter.as_deref(), encoding.as_deref(), "", &mut faults);
        let on_duplicate = on_duplicate.unwrap_or(OnDuplicate::UpdateEmpty);
        let options = ImportOptions { reading: Reading { dialect, sheet }, mapping: BTreeMap::new(), on_duplicate };
        if faults.is_empty() { Ok((options, file_name)) } else { Err(faults) }
    }
}

fn dialect(delimiter: Option<&str>, encoding: Option<&str>, at: &str, faults: &mut Vec<Fault>) -> DialectChoice {
    let mut read = DialectChoice::default();
    if let Some(name) = delimiter {
        read.delimiter =
            Delimiter::ALL.iter().copied().find(|known| known.as_str() == name || name.chars().eq([known.char()]));
        if read.delimiter.is_none() {
            let detail = "This must be a comma, a semicolon, a pipe or a tab.";
            faults.push(Fault::new(format!("{at}delimiter"), "not_allowed", detail));
        }
    }
    if let Some(name) = encoding {
        read.encoding = TextEncoding::named(name);
        if read.encoding.is_none() {
            let detail = "This is not an encoding that browsers know, such as `utf-8` or `windows-1252`.";
            faults.push(Fault::new(format!("{at}encoding"), "encoding_unknown", detail));
        }
    }
    read
}
