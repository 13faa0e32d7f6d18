"""Has a cache in the home folder, with locks: domains of addresses by the list that it brings along."""

import os

import tldextract


def facts():
    extract = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True)
    found = [
        [(part := extract(address)).subdomain, part.domain, part.suffix]
        for address in ("http://forums.bbc.co.uk/", "me.github.io", "münchen.de:80", "127.0.0.1")
    ]
    kept = sorted({os.path.splitext(name)[1] for _, _, names in os.walk(extract._cache.cache_dir) for name in names})
    return [found, kept, extract._cache.cache_dir.startswith(os.path.expanduser("~")), len(extract.tlds) > 1000]
