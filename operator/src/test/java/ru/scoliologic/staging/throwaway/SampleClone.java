package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** A clone of the repository with the sample application, from which people push too. */
final class SampleClone {
  static final String FOLDER = "app";

  private static final String PAGES = "src/pages.js";
  private static final Pattern FRONT_PAGE = Pattern.compile("(?m)^(\\s*'/': \\[)'[^']*'");
  private static final Set<String> MADE = Set.of("node_modules", "dist", ".git");

  private final Path work;

  private SampleClone(Path work) {
    this.work = work;
  }

  /**
   * The clone that is there, else one with examples/sample-app as its first commit; what it has is
   * on the server then.
   */
  static SampleClone of(GitServer server) {
    var clone = new SampleClone(Repository.state(FOLDER));
    try {
      if (!Files.isDirectory(clone.work.resolve(".git"))) {
        copy(Repository.root().resolve("examples/sample-app"), clone.work);
        clone.git("init", "-q", "-b", "main");
        clone.git("config", "user.name", "Somebody");
        clone.git("config", "user.email", "somebody@staging.test");
        clone.git("config", "commit.gpgsign", "false");
        clone.git("add", "-A");
        clone.git("commit", "-q", "-m", "The sample application");
      }
      clone.follow(server);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return clone;
  }

  /** Another cluster has another address and another token, which stands in no URL. */
  private void follow(GitServer server) throws IOException {
    var credentials = work.resolve(".git/credentials");
    if (!Files.exists(credentials)) {
      Files.createFile(
          credentials,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(
        credentials,
        "http://%s:%s@%s%n".formatted(GitServer.USER, server.token(), server.address()));
    git("config", "credential.helper", "store --file='" + credentials + "'");
    git("config", "remote.origin.url", "http://" + server.address() + "/app.git");
    git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
    git("push", "-q", "--set-upstream", "origin", "main");
  }

  /** The commit at the head of the branch. */
  String head() {
    return git("rev-parse", "HEAD");
  }

  /** Gives the front page another heading, pushes that and returns the commit. */
  String pushHeading(String heading) {
    var page = work.resolve(PAGES);
    try {
      Files.writeString(page, withHeading(Files.readString(page), heading));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    git("commit", "-q", "-m", "Front page: " + heading, "--", PAGES);
    git("push", "-q", "origin", "main");
    return head();
  }

  /**
   * The file with the pages, with another heading on the front page.
   *
   * @throws ClusterException when it has no such heading, or this one already
   */
  static String withHeading(String pages, String heading) {
    var changed = FRONT_PAGE.matcher(pages).replaceFirst("$1'" + heading + "'");
    if (changed.equals(pages)) {
      throw new ClusterException(
          PAGES + " has no heading of the front page, or has this one already");
    }
    return changed;
  }

  private String git(String... arguments) {
    var command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      var builder = new ProcessBuilder(command).directory(work.toFile()).redirectErrorStream(true);
      builder.environment().put("GIT_TERMINAL_PROMPT", "0");
      var process = builder.start();
      process.getOutputStream().close();
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new ClusterException(
            "git %s in %s: %s".formatted(String.join(" ", arguments), work, output.strip()));
      }
      return output.strip();
    } catch (IOException e) {
      throw new ClusterException("the git command is missing: install Git", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClusterException("interrupted while git ran", e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            if (MADE.contains(folder.getFileName().toString())) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(to.resolve(from.relativize(folder).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Removes the clone, if there is one. */
  static void remove() throws IOException {
    var work = Repository.state(FOLDER);
    if (!Files.exists(work)) {
      return;
    }
    Files.walkFileTree(
        work,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, IOException failure)
              throws IOException {
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
