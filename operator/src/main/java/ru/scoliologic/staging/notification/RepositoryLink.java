package ru.scoliologic.staging.notification;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Derives links to web pages from the URL of a Git repository. */
final class RepositoryLink {
  private static final Pattern HTTP =
      Pattern.compile("^(https?://[^/@\\s]+)/+(\\S+?)(?:[.]git)?/*$");
  private static final Pattern SSH =
      Pattern.compile(
          "^(?:ssh://)?(?:[A-Za-z0-9_.-]+@)?([A-Za-z0-9.-]+)(?::[0-9]+/|[:/])/*(\\S+?)(?:[.]git)?/*$");

  /** Where the repository's pages are under the host of its ssh URL. */
  private static final Set<String> HOSTED =
      Set.of("github.com", "gitlab.com", "codeberg.org", "bitbucket.org");

  private static final int LONGEST = 300;

  private RepositoryLink() {}

  /** The page of a commit; empty where the URL does not reveal it, or it is too long to show. */
  static Optional<String> commit(String repository, String hash) {
    var http = HTTP.matcher(repository);
    if (http.matches()) {
      return link(http.group(1), http.group(2), hash);
    }
    var ssh = SSH.matcher(repository);
    return ssh.matches() && HOSTED.contains(ssh.group(1))
        ? link("https://" + ssh.group(1), ssh.group(2), hash)
        : Optional.empty();
  }

  private static Optional<String> link(String site, String path, String hash) {
    var page = site.endsWith("//bitbucket.org") ? "/commits/" : "/commit/";
    return Optional.of(site + "/" + path + page + hash).filter(url -> url.length() <= LONGEST);
  }

  /** Owner and name, as {@code owner/name}, of a repository on GitHub. */
  static Optional<String> ownerAndName(String repository) {
    var http = HTTP.matcher(repository);
    var ssh = SSH.matcher(repository);
    var path =
        http.matches()
            ? Optional.of(http.group(2))
            : ssh.matches() ? Optional.of(ssh.group(2)) : Optional.<String>empty();
    return path.filter(p -> p.matches("[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"));
  }
}
