package ru.scoliologic.staging.postgres;

import java.util.Locale;
import java.util.Optional;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.stage.Reason;

/** What can be done to the database, in the order in which it is done if several are asked for. */
public enum TaskKind {
  SEED(true, Reason.SEEDING, Reason.SEED_DONE, Reason.SEED_FAILED),
  BACKUP(false, Reason.BACKUP_RUNNING, Reason.BACKUP_DONE, Reason.BACKUP_FAILED),
  RESET(true, Reason.RESETTING, Reason.RESET_DONE, Reason.RESET_FAILED),
  RESTORE(true, Reason.RESTORING, Reason.RESTORE_DONE, Reason.RESTORE_FAILED);

  private final boolean stopsTheApp;
  private final Reason running;
  private final Reason succeeded;
  private final Reason failed;

  TaskKind(boolean stopsTheApp, Reason running, Reason succeeded, Reason failed) {
    this.stopsTheApp = stopsTheApp;
    this.running = running;
    this.succeeded = succeeded;
    this.failed = failed;
  }

  /** Whether the application must not run meanwhile. */
  boolean stopsTheApp() {
    return stopsTheApp;
  }

  Reason running() {
    return running;
  }

  public Reason succeeded() {
    return succeeded;
  }

  public Reason failed() {
    return failed;
  }

  /** The script's word for it. */
  String command() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** As the status names it, for example Restore. */
  public String title() {
    return name().charAt(0) + command().substring(1);
  }

  /** What tells one request from another; empty when none is there. */
  Optional<String> request(PostgresSpec spec) {
    return Optional.ofNullable(
        switch (this) {
          case SEED -> spec.seed() == null ? null : Hash.of(spec.seed());
          case BACKUP -> spec.backup() == null ? null : spec.backup().request();
          case RESET -> spec.reset();
          case RESTORE -> spec.restore() == null ? null : spec.restore().request();
        });
  }
}
