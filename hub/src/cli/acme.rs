//! How `serve` is told of a CA.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::server::{
    AcmeContact, AcmeDirectory, AcmeDomain, AcmeSettings, LETS_ENCRYPT, NAMES_MAX,
};

#[derive(Args)]
pub(crate) struct Options {
    /// Answer https with a certificate for this name, which the hub gets from a CA over ACME and
    /// renews; may be repeated. The CA asks on port 80 of the name, so `--redirect-listen` has to
    /// be reached there. With this you agree to the CA's terms of service. Give all processes of
    /// one database the same names
    #[arg(
        long = "acme-domain",
        value_name = "NAME",
        requires = "redirect_listen",
        conflicts_with = "tls_cert"
    )]
    domains: Vec<AcmeDomain>,
    /// The address of the CA's directory, on https
    #[arg(long = "acme-directory", value_name = "URL", requires = "domains", default_value = LETS_ENCRYPT)]
    directory: AcmeDirectory,
    /// An address for mail, which the CA may write to when something is wrong
    #[arg(long = "acme-contact", value_name = "MAIL", requires = "domains")]
    contact: Option<AcmeContact>,
    /// Trust the CA's directory by the roots in this file, PEM, instead of the system's: for a CA
    /// of your own
    #[arg(long = "acme-root", value_name = "FILE", requires = "domains")]
    root: Option<PathBuf>,
}

impl Options {
    /// What they come to; `None` where no CA is to be asked.
    pub(super) fn settings(self) -> Result<Option<AcmeSettings>, Failure> {
        if self.domains.len() > NAMES_MAX {
            let many = format!(
                "a certificate has at most {NAMES_MAX} names; leave out some --acme-domain"
            );
            return Err(Failure::Input(vec![many]));
        }
        let has_some = !self.domains.is_empty();
        Ok(has_some.then_some(AcmeSettings {
            domains: self.domains,
            directory: self.directory,
            contact: self.contact,
            root: self.root,
        }))
    }
}
