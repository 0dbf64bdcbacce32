package ru.scoliologic.staging.postgres;

import java.util.Locale;
import java.util.Optional;
import ru.scoliologic.staging.api.PostgresSpec;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.stage.Reason;

/** Database tasks, in the order of execution if several are requested. */
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

  /** Whether the application must be stopped. */
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

  /** The script's command. */
  String command() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The script's command for the trial, which runs before the application is stopped. Its pod has
   * the same requirements, so that rejected, missing or damaged input is found early.
   */
  Optional<String> trial() {
    return switch (this) {
      case SEED, BACKUP -> Optional.empty();
      case RESET -> Optional.of("prepare");
      case RESTORE -> Optional.of("check");
    };
  }

  /** The name in the status, for example Restore. */
  public String title() {
    return name().charAt(0) + command().substring(1);
  }

  /** Identifies a request; empty without one. */
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
