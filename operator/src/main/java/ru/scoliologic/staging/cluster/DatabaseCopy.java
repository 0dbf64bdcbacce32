package ru.scoliologic.staging.cluster;

import java.util.Optional;
import ru.scoliologic.staging.stage.StageResult;

/**
 * A copy of the database that the database's component makes and a migration waits for.
 *
 * @param file name of the copy on the backup volume
 * @param job that makes it; empty when it failed and is to go, to be made anew
 * @param missing why the copy is not there yet; empty once it is
 */
public record DatabaseCopy(String file, Optional<Planned> job, Optional<StageResult> missing) {

  /** Knows how a copy is made. */
  @FunctionalInterface
  public interface Maker {
    /**
     * The copy before something.
     *
     * @param request what tells one copy from another
     * @param what is to follow, for people
     * @param free whether the database can be worked on now
     */
    DatabaseCopy before(String request, String what, boolean free);
  }
}
