package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A bare repository, and a work tree of somebody who pushes to it. */
public final class GitRepository {
  private final String remote;
  private final Path work;

  private GitRepository(String remote, Path work) {
    this.remote = remote;
    this.work = work;
  }

  /** An empty one: {@code <folder>/<name>} beside the work tree {@code <folder>/<name>-work}. */
  public static GitRepository create(Path folder, String name) {
    var bare = folder.resolve(name).toString();
    git(folder, "init", "-q", "--bare", "-b", "main", bare);
    return new GitRepository(bare, folder.resolve(name + "-work")).begun();
  }

  /** One that a server has, reached by HTTP; the work tree is {@code <folder>/work}. */
  public static GitRepository at(Path folder, String url, String user, String token) {
    var repository = new GitRepository(url, folder.resolve("work")).begun();
    var pair = (user + ":" + token).getBytes(StandardCharsets.UTF_8);
    repository.git(
        "config",
        "http.extraHeader",
        "Authorization: Basic " + Base64.getEncoder().encodeToString(pair));
    return repository;
  }

  private GitRepository begun() {
    git(work.getParent(), "init", "-q", "-b", "main", work.toString());
    git("config", "user.name", "Somebody");
    git("config", "user.email", "somebody@example.org");
    git("config", "commit.gpgsign", "false");
    return this;
  }

  /** Puts a folder of this project into the work tree, in the place of all that is there. */
  public void fill(String folder) {
    git("rm", "-q", "-r", "--ignore-unmatch", ".");
    var from = Repository.root().resolve(folder);
    try (var paths = Files.walk(from)) {
      for (var path : paths.filter(Files::isRegularFile).toList()) {
        var name = from.relativize(path);
        if (!name.startsWith("node_modules")) {
          var to = work.resolve(name.toString());
          Files.createDirectories(to.getParent());
          Files.copy(path, to, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Changes a text in a file of the work tree, where it must stand; commits nothing. */
  public void edit(String file, String what, String with) {
    try {
      var path = work.resolve(file);
      var text = Files.readString(path);
      if (!text.contains(what)) {
        throw new IllegalArgumentException("not in %s: %s".formatted(file, what));
      }
      Files.writeString(path, text.replace(what, with));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folder where one pushes from. */
  public Path work() {
    return work;
  }

  /** Changes a file, commits everything and returns the commit's hash; pushes nothing. */
  public String commit(String file, String content, String message) {
    try {
      var path = work.resolve(file);
      Files.createDirectories(path.getParent());
      Files.writeString(path, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return commit(message);
  }

  /** Commits everything and returns the commit's hash. */
  public String commit(String message) {
    git("add", "-A");
    git("commit", "-q", "--allow-empty", "-m", message);
    return git("rev-parse", "HEAD");
  }

  /** Commits and pushes to main. */
  public String push(String message) {
    var hash = commit("README.md", message, message);
    push(hash, "main");
    return hash;
  }

  /** Makes a branch stand at a commit, whatever it was before. */
  public void push(String commit, String branch) {
    git("push", "-q", "--force", remote, commit + ":refs/heads/" + branch);
  }

  /** Deletes a branch of the bare repository, which is on this machine. */
  public void delete(String branch) {
    git(Path.of(remote), "update-ref", "-d", "refs/heads/" + branch);
  }

  /** Runs git in the work tree. */
  public String git(String... arguments) {
    return git(work, arguments);
  }

  private static String git(Path folder, String... arguments) {
    var command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(arguments));
    try {
      var process =
          new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(command + ": " + output);
      }
      return output.strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
