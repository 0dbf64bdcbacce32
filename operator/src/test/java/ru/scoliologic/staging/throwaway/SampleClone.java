package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** A clone of the repository with the sample application, from which people push too. */
final class SampleClone {
  /** Below .cluster. */
  static final String FOLDER = "sample-app";

  private static final String PAGES = "src/pages.js";
  private static final Pattern FRONT_PAGE = Pattern.compile("(?m)^\\s*'/': \\['[^']*'");

  private final GitRepository repository;

  private SampleClone(GitRepository repository) {
    this.repository = repository;
  }

  /**
   * The clone that is there, else one with examples/sample-app as its first commit; what it has is
   * on the server then.
   */
  static SampleClone of(GitServer server) {
    var folder = Repository.state(FOLDER);
    try {
      Files.createDirectories(folder);
      boolean known = Files.isDirectory(folder.resolve("work/.git"));
      // Another cluster has another address and another token.
      var repository =
          GitRepository.at(folder, server.urlFromHere(), GitServer.USER, server.token());
      repository.git("config", "remote.origin.url", server.urlFromHere());
      repository.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
      if (!known) {
        repository.fill("examples/sample-app");
        repository.commit("The sample application");
      }
      var clone = new SampleClone(repository);
      // A Service takes a moment to reach the proxies.
      Awaitility.await("the Git server to take the commits")
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptions()
          .until(() -> {
            clone.push();
            return true;
          });
      return clone;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void push() {
    repository.git("push", "-q", "--set-upstream", "origin", "main");
  }

  /** The commit at the head of the branch. */
  String head() {
    return repository.git("rev-parse", "HEAD");
  }

  /** Gives the front page another heading, pushes that and returns the commit. */
  String pushHeading(String heading) {
    repository.edit(PAGES, frontPage(repository.work()), "'/': ['" + heading + "'");
    repository.git("commit", "-q", "-m", "Front page: " + heading, "--", PAGES);
    push();
    return head();
  }

  /** How the line of the front page begins, with its heading. */
  private static String frontPage(Path work) {
    try {
      return beginning(Files.readString(work.resolve(PAGES)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String beginning(String pages) {
    var page = FRONT_PAGE.matcher(pages);
    if (!page.find()) {
      throw new ClusterException(PAGES + " has no heading of the front page");
    }
    return page.group().strip();
  }

  /** Removes the clone, if there is one. */
  static void remove() throws IOException {
    var folder = Repository.state(FOLDER);
    if (!Files.exists(folder)) {
      return;
    }
    try (var paths = Files.walk(folder)) {
      for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
