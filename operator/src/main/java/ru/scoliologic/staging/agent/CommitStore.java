package ru.scoliologic.staging.agent;

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
 * The commits that were fetched, in a bare clone without history. It is begun anew at each start
 * and whenever it has grown by many fetches, so that nothing that broke or piled up stays.
 */
final class CommitStore implements AutoCloseable {
  private static final int MOST_FETCHES = 30;
  private static final int LONGEST_NAME = 200;
  private static final int LONGEST_SUBJECT = 300;
  private static final String BRANCH_REF = Constants.R_HEADS + "followed";
  private static final String COMMIT_REF = Constants.R_HEADS + "asked";

  private final Path folder;
  private final GitRemote remote;
  private final String branch;
  private Repository clone;
  private int fetches;

  CommitStore(Path work, GitRemote remote, String branch) {
    this.folder = work.resolve("clone.git");
    this.remote = remote;
    this.branch = branch;
  }

  /** Fetches the head of the branch, which may have moved on since it was asked for. */
  synchronized Commit fetchBranch() throws GitTrouble {
    try {
      return read(fetched(BRANCH_REF, clone -> remote.fetchBranch(clone, BRANCH_REF)));
    } catch (GitTrouble e) {
      if (e.reason() == Reason.GIT_FAILED) {
        // It may be the clone that is broken.
        discard();
      }
      throw e;
    }
  }

  /** Fetches a commit unless it is there. */
  synchronized Commit fetchCommit(String commit) throws GitTrouble {
    ensure(commit);
    return read(commit);
  }

  /**
   * Writes the files of a commit into a folder, which is made; fetches the commit if need be.
   *
   * @throws SubmodulesException when the commit has submodules
   */
  synchronized void export(String commit, Path target) throws GitTrouble, SubmodulesException {
    ensure(commit);
    try {
      delete(target);
      Files.createDirectories(target);
      SourceExport.write(clone, ObjectId.fromString(commit), target);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private void ensure(String commit) throws GitTrouble {
    if (has(commit)) {
      return;
    }
    try {
      fetched(COMMIT_REF, clone -> remote.fetchCommit(clone, commit, COMMIT_REF));
    } catch (GitTrouble e) {
      if (e.reason() != Reason.GIT_FAILED) {
        throw e;
      }
      // Some servers give by name what they do not give by hash.
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

  private String fetched(String ref, Fetch fetch) throws GitTrouble {
    try {
      if (clone == null || fetches >= MOST_FETCHES) {
        begin();
      }
      fetches++;
      fetch.into(clone);
      var id = clone.resolve(ref);
      if (id == null) {
        throw new GitTrouble(Reason.GIT_FAILED, "The Git server gave no commit.");
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
    // It is begun anew before it has anything to clean up, and nothing may work in it meanwhile.
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

  private Commit read(String commit) throws GitTrouble {
    try (var walk = new RevWalk(clone)) {
      var found = walk.parseCommit(ObjectId.fromString(commit));
      return new Commit(
          commit,
          branch,
          bounded(found.getAuthorIdent().getName(), LONGEST_NAME),
          bounded(found.getFullMessage(), LONGEST_SUBJECT),
          Instant.ofEpochSecond(found.getCommitTime()).toString());
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private GitTrouble unreadable(IOException e) {
    discard();
    return new GitTrouble(
        Reason.GIT_FAILED,
        "The agent's clone cannot be used (%s); it is fetched anew.".formatted(e.getMessage()),
        e);
  }

  /** The first line, without what a terminal would act upon. */
  private static String bounded(String text, int longest) {
    var line = text.lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", " ").strip();
    return line.codePointCount(0, line.length()) <= longest
        ? line
        : line.substring(0, line.offsetByCodePoints(0, longest));
  }

  /** Removes a folder with all in it, if it is there; links are not followed. */
  static void delete(Path folder) throws IOException {
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
    void into(Repository clone) throws GitTrouble;
  }
}
