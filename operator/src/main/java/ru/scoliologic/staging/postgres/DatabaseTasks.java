package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.PodStatuses;
import ru.scoliologic.staging.cluster.masking.SecretMasker;
import ru.scoliologic.staging.cluster.model.ComponentName;
import ru.scoliologic.staging.cluster.model.Snapshot;
import ru.scoliologic.staging.stage.StageResult;

/**
 * Decides the current database task: one at a time, each request once. All input is persistent:
 * requests in the spec, completed ones on the data's claim, the running one in a Job whose name is
 * a hash of the request. So any pass of any operator decides the same.
 *
 * @param memory the record to store on the data's claim
 * @param step the current task, if any
 * @param kept names of the Jobs that stay as the record of the last requests
 * @param failed requested tasks that failed
 */
public record DatabaseTasks(
    TaskMemory memory, Optional<Step> step, Set<String> kept, List<TaskKind> failed) {

  /** Pod label with the Job's uid, which is unique among Jobs of one name. */
  static final String JOB_UID = "batch.kubernetes.io/controller-uid";

  private static final int HASH_LENGTH = 10;

  /** State of a Job; a suspended one exists and has no pod. */
  enum State {
    ABSENT,
    SUSPENDED,
    RUNNING,
    SUCCEEDED,
    FAILED
  }

  /**
   * The current task.
   *
   * @param command the script's command: the kind's, or its trial's
   * @param id hash of the request and the volume; the same at every attempt
   * @param job its name
   * @param state its state
   * @param waitsFor why the Job cannot be created or run yet; empty when it can, or does
   */
  record Step(
      TaskKind kind,
      String command,
      String id,
      String job,
      State state,
      Optional<String> waitsFor) {
    boolean due() {
      return state == State.ABSENT && waitsFor.isEmpty();
    }

    /** Whether its Job exists and may begin now. */
    boolean begins() {
      return state == State.SUSPENDED && waitsFor.isEmpty();
    }

    boolean tries() {
      return !command.equals(kind.command());
    }

    boolean stops() {
      return kind.stopsTheApp() && !tries();
    }

    /**
     * Whether the application must not run now. It is stopped only for a Job that was created;
     * before a seed it has not started at all.
     */
    boolean holdsTheApp() {
      return stops() && (state != State.ABSENT || kind == TaskKind.SEED);
    }
  }

  public DatabaseTasks {
    kept = Set.copyOf(kept);
    failed = List.copyOf(failed);
  }

  /** Decides from the desired and the observed state. */
  public static DatabaseTasks decide(Snapshot snapshot) {
    var spec = snapshot.environment().getSpec().services().postgres();
    var claim =
        snapshot
            .owned()
            .find(PersistentVolumeClaim.class, snapshot.names().postgres())
            .orElse(null);
    if (claim == null) {
      return new DatabaseTasks(TaskMemory.ofNewVolume(spec), Optional.empty(), Set.of(), List.of());
    }
    var memory = TaskMemory.of(claim, spec);
    var kept = new ArrayList<String>();
    var failed = new ArrayList<TaskKind>();
    Optional<Step> step = Optional.empty();
    for (var kind : TaskKind.values()) {
      var request = kind.request(spec);
      if (request.isEmpty()) {
        memory = kind == TaskKind.SEED ? memory.withoutSeed() : memory;
        continue;
      }
      var id = id(kind, request.get(), claim);
      kept.add(job(snapshot, kind.command(), id));
      kind.trial().ifPresent(trial -> kept.add(job(snapshot, trial, id)));
      if (!memory.handled(kind, request.get()) && step.isEmpty()) {
        var next = next(snapshot, kind, id);
        switch (next.state()) {
          case SUCCEEDED -> memory = memory.succeeded(kind, request.get());
          case FAILED -> memory = memory.failedNow(kind, request.get());
          default -> step = Optional.of(next);
        }
        if (next.state() == State.SUCCEEDED && kind.stopsTheApp()) {
          memory = memory.withoutSeed();
          failed.remove(TaskKind.SEED);
        }
      }
      if (memory.failed(kind, request.get())) {
        failed.add(kind);
      }
    }
    return new DatabaseTasks(memory, step, Set.copyOf(kept), failed);
  }

  /** The task's current Job; before the application is stopped, a trial runs. */
  private static Step next(Snapshot snapshot, TaskKind kind, String id) {
    var job = job(snapshot, kind.command(), id);
    var state = state(snapshot, job);
    if (kind.trial().isPresent() && state == State.ABSENT) {
      var command = kind.trial().get();
      var trial = job(snapshot, command, id);
      var tried = state(snapshot, trial);
      if (tried != State.SUCCEEDED) {
        return new Step(kind, command, id, trial, tried, waitsFor(snapshot, tried, trial));
      }
    }
    var waitsFor = waitsFor(snapshot, state, job);
    return new Step(
        kind,
        kind.command(),
        id,
        job,
        state,
        kind.stopsTheApp() ? waitsFor.or(() -> whatUsesTheData(snapshot, state)) : waitsFor);
  }

  /** The application is stopped only once the Job exists, and not during a migration. */
  private static Optional<String> whatUsesTheData(Snapshot snapshot, State state) {
    if (state != State.ABSENT && state != State.SUSPENDED) {
      return Optional.empty();
    }
    if (anyLives(snapshot, ComponentName.MIGRATION)) {
      return Optional.of("the migration to end");
    }
    return state == State.SUSPENDED && anyLives(snapshot, ComponentName.APP)
        ? Optional.of("the application to stop")
        : Optional.empty();
  }

  /** The precondition of the Job's next step; empty when it is met, or the Job has begun. */
  static Optional<String> waitsFor(Snapshot snapshot, State state, String job) {
    if (state != State.ABSENT && state != State.SUSPENDED) {
      return Optional.empty();
    }
    if (!PostgresResources.observe(snapshot).ready()) {
      return Optional.of("PostgreSQL to be available");
    }
    return jobs(snapshot).stream()
        .filter(other -> !other.getMetadata().getName().equals(job))
        .filter(other -> state(Optional.of(other)) == State.RUNNING)
        .map(other -> "Job " + other.getMetadata().getName() + " to end")
        .findFirst();
  }

  private static boolean anyLives(Snapshot snapshot, ComponentName component) {
    return snapshot.pods().stream().anyMatch(pod -> lives(pod, component));
  }

  private static boolean lives(Pod pod, ComponentName component) {
    return component.owns(pod) && !PodStatuses.isOver(pod);
  }

  /** Whether the database will be replaced, or waits for its first content. */
  public boolean holdMigrations() {
    return failed.contains(TaskKind.SEED) || step.filter(s -> s.kind().stopsTheApp()).isPresent();
  }

  /** Whether the application must be stopped or must not start yet. */
  public boolean holdTheApp() {
    return failed.contains(TaskKind.SEED) || step.filter(Step::holdsTheApp).isPresent();
  }

  /** Result of stage 3 while a task keeps the application from running. */
  public Optional<StageResult> running(Snapshot snapshot, SecretMasker masking) {
    if (step.isEmpty() && failed.contains(TaskKind.SEED)) {
      return failure(snapshot, masking);
    }
    return step.filter(s -> s.kind().stopsTheApp())
        .map(s -> new StageResult.Waiting(s.kind().running(), message(snapshot, s)));
  }

  /** Result of stage 3 when a requested task failed, even if all components are available. */
  public Optional<StageResult> failure(Snapshot snapshot, SecretMasker masking) {
    return failed.stream()
        .filter(TaskKind::stopsTheApp)
        .findFirst()
        .map(kind ->
            new StageResult.Stalled(
                kind.failed(),
                "%s failed, the database is as it was: %s"
                    .formatted(
                        kind.command(),
                        TaskReport.of(snapshot, this, List.of(), masking)
                            .task(kind)
                            .map(task -> task.message())
                            .orElse("see the events"))));
  }

  String message(Snapshot snapshot, Step at) {
    return at.kind().command()
        + at.waitsFor()
            .map(what -> " waits for " + what)
            .orElse(
                ": Job %s runs%s"
                    .formatted(at.job(), at.tries() ? ", while the application goes on" : ""))
        + trouble(snapshot, at.job());
  }

  /** Diagnosis of the Job's pod, to be appended to a sentence; empty without one. */
  static String trouble(Snapshot snapshot, String job) {
    var pods =
        snapshot.podsOf(ComponentName.POSTGRES_TASK).stream()
            .filter(pod -> job.equals(pod.getMetadata().getLabels().get(JobOutcome.JOB_NAME)))
            .toList();
    return JobOutcome.trouble(snapshot, job, pods)
        .map(trouble -> ", but " + trouble.message())
        .orElse("");
  }

  static List<Job> jobs(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream()
        .filter(ComponentName.POSTGRES_TASK::owns)
        .toList();
  }

  /** Whether a task or a regular backup is running or about to begin. */
  static boolean anyRuns(Snapshot snapshot) {
    return jobs(snapshot).stream()
        .map(job -> state(Optional.of(job)))
        .anyMatch(state -> state == State.RUNNING || state == State.SUSPENDED);
  }

  static State state(Optional<Job> job) {
    return job.map(j ->
            JobOutcome.condition(j, "Complete").isPresent()
                ? State.SUCCEEDED
                : JobOutcome.condition(j, "Failed").isPresent()
                    ? State.FAILED
                    : isSuspended(j) ? State.SUSPENDED : State.RUNNING)
        .orElse(State.ABSENT);
  }

  private static boolean isSuspended(Job job) {
    return job.getSpec() != null && Boolean.TRUE.equals(job.getSpec().getSuspend());
  }

  /** Jobs that have not begun and are no longer requested. */
  public List<Job> abandoned(Snapshot snapshot) {
    return jobs(snapshot).stream()
        .filter(job -> state(Optional.of(job)) == State.SUSPENDED)
        .filter(job -> !kept.contains(job.getMetadata().getName()))
        .filter(job -> !DatabaseTaskResources.makesBackup(job))
        .toList();
  }

  private static State state(Snapshot snapshot, String job) {
    return state(snapshot.owned().find(Job.class, job));
  }

  static String job(Snapshot snapshot, String command, String id) {
    return snapshot.names().databaseTask(command, id);
  }

  /** A new volume holds a new database: tasks on another one are ignored. */
  static String id(TaskKind kind, String request, PersistentVolumeClaim claim) {
    return id(kind + "/" + request, claim.getMetadata().getUid());
  }

  static String id(String request, String volume) {
    return Hash.of(request + "/" + volume).substring(0, HASH_LENGTH);
  }
}
