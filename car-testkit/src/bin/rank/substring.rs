//! What a plain registry does: it looks which of the words of a need are contained in what a service says of itself.

use car_agentdns::Service;

/// Returns the places of the services that contain words of the need, those with most of them first.
pub(crate) fn search(services: &[Service], need: &str, limit: usize) -> Vec<usize> {
    let need = need.to_lowercase();
    let mut words: Vec<&str> =
        need.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (place, service) in services.iter().enumerate() {
        let text = text(service).to_lowercase();
        let contained = words.iter().filter(|word| text.contains(**word)).count();
        if contained > 0 {
            found.push((contained, place));
        }
    }
    found.sort_by_key(|&(contained, place)| (std::cmp::Reverse(contained), place));
    found.into_iter().map(|(_, place)| place).take(limit).collect()
}

fn text(service: &Service) -> String {
    let mut text = format!("{} {} {}", service.name, service.description, service.identifier);
    for capability in &service.capabilities {
        text.push_str(&format!(" {} {}", capability.name, capability.description));
    }
    text
}
