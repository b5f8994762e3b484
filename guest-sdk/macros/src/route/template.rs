//! Path templates: `/books/{id}`, `/files/{*rest}`.

use syn::Ident;
use syn::ext::IdentExt;
use syn::parse::Parser;

/// The parameters of a path template, in its order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) parameters: Vec<String>,
}

impl Template {
    /// Reads a template; an error says what is wrong with it.
    pub(crate) fn parse(path: &str) -> Result<Template, String> {
        let Some(segments) = path.strip_prefix('/') else {
            return Err(format!("a path starts with a slash: \"/{path}\""));
        };
        if let Some(odd) = path
            .chars()
            .find(|c| c.is_whitespace() || "?#".contains(*c))
        {
            return Err(format!("a path cannot contain {odd:?}"));
        }
        let mut template = Template {
            parameters: Vec::new(),
        };
        let mut segments = segments.split('/').peekable();
        while let Some(segment) = segments.next() {
            template.push(segment, segments.peek().is_none())?;
        }
        Ok(template)
    }

    fn push(&mut self, segment: &str, is_last: bool) -> Result<(), String> {
        if segment.is_empty() && !is_last {
            return Err("a path cannot contain two slashes in a row".to_owned());
        }
        let Some(name) = parameter(segment)? else {
            return Ok(());
        };
        if segment.starts_with("{*") && !is_last {
            return Err(format!(
                "`{segment}` takes the rest of the path, so nothing can follow it"
            ));
        }
        if self.parameters.contains(&name) {
            return Err(format!("the parameter `{{{name}}}` is there twice"));
        }
        self.parameters.push(name);
        Ok(())
    }
}

/// The name of the parameter that fills a segment, if one does.
fn parameter(segment: &str) -> Result<Option<String>, String> {
    if !segment.contains(['{', '}']) {
        return Ok(None);
    }
    let inner = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .filter(|inner| !inner.contains(['{', '}']))
        .ok_or_else(|| format!("`{segment}`: a parameter in braces fills a whole segment"))?;
    let name = inner.strip_prefix('*').unwrap_or(inner);
    if is_name(name) {
        Ok(Some(name.to_owned()))
    } else {
        Err(format!(
            "`{segment}`: a parameter is named like an argument, in lower case letters, digits and `_`"
        ))
    }
}

fn is_name(name: &str) -> bool {
    name != "_" && Parser::parse_str(Ident::parse_any, name).is_ok_and(|ident| ident == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(path: &str) -> Vec<String> {
        Template::parse(path).unwrap().parameters
    }

    fn refusal(path: &str) -> String {
        Template::parse(path).unwrap_err()
    }

    #[test]
    fn parameters_are_found_in_order() {
        assert_eq!(parameters("/"), [""; 0]);
        assert_eq!(parameters("/books"), [""; 0]);
        assert_eq!(parameters("/a/{b}/c/{d}"), ["b", "d"]);
        assert_eq!(parameters("/files/{*rest}"), ["rest"]);
        assert_eq!(parameters("/of/{type}/"), ["type"]);
    }

    #[test]
    fn a_path_starts_with_a_slash() {
        assert_eq!(refusal("books"), r#"a path starts with a slash: "/books""#);
        assert_eq!(refusal(""), r#"a path starts with a slash: "/""#);
    }

    #[test]
    fn a_query_or_a_space_is_not_part_of_a_path() {
        assert_eq!(refusal("/books?limit={n}"), "a path cannot contain '?'");
        assert_eq!(refusal("/my books"), "a path cannot contain ' '");
    }

    #[test]
    fn empty_segments_are_refused() {
        assert!(refusal("/a//b").contains("two slashes"));
        assert!(refusal("//").contains("two slashes"));
    }

    #[test]
    fn a_parameter_fills_a_segment() {
        for path in ["/{a}.json", "/x{a}", "/{a}{b}", "/{a", "/a}", "/{{a}}"] {
            assert!(refusal(path).contains("fills a whole segment"), "{path}");
        }
    }

    #[test]
    fn a_parameter_has_a_name() {
        for path in ["/{}", "/{*}", "/{1}", "/{a-b}", "/{_}", "/{a b}"] {
            assert!(Template::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn the_rest_is_last() {
        assert!(refusal("/{*rest}/x").contains("nothing can follow"));
    }

    #[test]
    fn a_name_is_there_once() {
        assert_eq!(refusal("/{a}/{a}"), "the parameter `{a}` is there twice");
    }
}
