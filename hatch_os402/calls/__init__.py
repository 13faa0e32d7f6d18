"""One call of an offer: the request, the CGI environment, the response, what went wrong, and when to build first."""
