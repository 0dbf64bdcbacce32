package ru.scoliologic.staging.agent.git;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import ru.scoliologic.staging.api.StagingReleaseSpec.Commit;
import ru.scoliologic.staging.stage.Reason;

/**
 * The fetched commits, in a bare clone without history. The clone is recreated at each start and
 * after many fetches, so that no damage or waste persists.
 */
public final class CommitStore implements AutoCloseable {
  private static final int MOST_FETCHES = 30;
  private static final int LONGEST_NAME = 200;
  private static final int LONGEST_SUBJECT = 300;
  private static final String BRANCH_REF = Constants.R_HEADS + "followed";
  private static final String COMMIT_REF = Constants.R_HEADS + "asked";

  private final Path folder;
  private final GitRemote remote;
  private Repository clone;
  private int fetches;

  public CommitStore(Path work, GitRemote remote) {
    this.folder = work.resolve("clone.git");
    this.remote = remote;
  }

  /** Fetches the head of the branch, which may be newer than the last polled one. */
  public synchronized Commit fetchBranch() throws GitException {
    try {
      return read(fetched(BRANCH_REF, clone -> remote.fetchBranch(clone, BRANCH_REF)));
    } catch (GitException e) {
      if (e.reason() == Reason.GIT_FAILED) {
        // The clone may be damaged.
        discard();
      }
      throw e;
    }
  }

  /** Fetches a commit unless it is present. */
  public synchronized Commit fetchCommit(String commit) throws GitException {
    ensure(commit);
    return read(commit);
  }

  /**
   * Writes the files of a commit into a new folder; fetches the commit if needed.
   *
   * @throws SubmodulesException when the commit has submodules
   */
  public synchronized void export(String commit, Path target)
      throws GitException, SubmodulesException {
    ensure(commit);
    try {
      delete(target);
      Files.createDirectories(target);
      SourceExport.write(clone, ObjectId.fromString(commit), target);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private void ensure(String commit) throws GitException {
    if (has(commit)) {
      return;
    }
    try {
      fetched(COMMIT_REF, clone -> remote.fetchCommit(clone, commit, COMMIT_REF));
    } catch (GitException e) {
      if (e.reason() != Reason.GIT_FAILED) {
        throw e;
      }
      // Some servers do not serve commits by hash.
      fetchBranch();
      if (!has(commit)) {
        throw e;
      }
    }
  }

  private boolean has(String commit) {
    try {
      return clone != null && clone.getObjectDatabase().has(ObjectId.fromString(commit));
    } catch (IOException e) {
      return false;
    }
  }

  private String fetched(String ref, Fetch fetch) throws GitException {
    try {
      if (clone == null || fetches >= MOST_FETCHES) {
        begin();
      }
      fetches++;
      fetch.into(clone);
      var id = clone.resolve(ref);
      if (id == null) {
        throw new GitException(Reason.GIT_FAILED, "The Git server gave no commit.");
      }
      return id.name();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private void begin() throws IOException {
    discard();
    delete(folder);
    var made =
        (FileRepository) new FileRepositoryBuilder().setGitDir(folder.toFile()).setBare().build();
    made.create(true);
    // The clone is recreated before it needs cleaning, and no background task may work in it.
    made.getConfig().setInt("gc", null, "auto", 0);
    made.getConfig().setBoolean("gc", null, "autodetach", false);
    made.getConfig().save();
    clone = made;
    fetches = 0;
  }

  private void discard() {
    if (clone != null) {
      clone.close();
      clone = null;
    }
  }

  private Commit read(String commit) throws GitException {
    try (var walk = new RevWalk(clone)) {
      var found = walk.parseCommit(ObjectId.fromString(commit));
      return new Commit(
          commit,
          remote.branch(),
          bounded(found.getAuthorIdent().getName(), LONGEST_NAME),
          bounded(found.getFullMessage(), LONGEST_SUBJECT),
          Instant.ofEpochSecond(found.getCommitTime()).toString());
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private GitException unreadable(IOException e) {
    discard();
    return new GitException(
        Reason.GIT_FAILED,
        "The agent's clone cannot be used (%s); it is fetched again.".formatted(e.getMessage()),
        e);
  }

  /** The first line, without terminal control sequences. */
  private static String bounded(String text, int longest) {
    var line = text.lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", " ").strip();
    return line.codePointCount(0, line.length()) <= longest
        ? line
        : line.substring(0, line.offsetByCodePoints(0, longest));
  }

  /** Removes a folder with its content, if it exists; does not follow links. */
  public static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @Override
  public synchronized void close() {
    discard();
  }

  private interface Fetch {
    void into(Repository clone) throws GitException;
  }
}
