package ru.scoliologic.staging.cluster.model;

import java.util.Optional;
import ru.scoliologic.staging.stage.StageResult;

/**
 * A copy of the database that PostgreSQL's component makes and a migration waits for.
 *
 * @param file name of the copy on the backup volume
 * @param job that makes it; empty when it failed and must be deleted and recreated
 * @param missing why the copy does not exist yet; empty once it does
 */
public record DatabaseCopy(
    String file, Optional<PlannedObject> job, Optional<StageResult> missing) {

  @FunctionalInterface
  public interface Maker {
    /**
     * The copy to make before an operation.
     *
     * @param request identifies the copy
     * @param what operation, for users
     * @param free whether a task may use the database now
     */
    DatabaseCopy before(String request, String what, boolean free);
  }
}
