package ru.scoliologic.staging.postgres;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import ru.scoliologic.staging.cluster.Hash;
import ru.scoliologic.staging.cluster.JobEnd;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Masking;
import ru.scoliologic.staging.cluster.PodTrouble;
import ru.scoliologic.staging.cluster.Refusal;
import ru.scoliologic.staging.cluster.Snapshot;
import ru.scoliologic.staging.stage.StageResult;

/**
 * What is to be done to the database now (pure): one task at a time, each request once. All is read
 * from what is there: the spec says what is asked for, the claim of the data what was done, a Job
 * whose name is a hash of the request what is being done. So any pass of any operator decides the
 * same.
 *
 * @param memory what the claim of the data is to remember
 * @param step the task at hand, if any
 * @param kept names of the Jobs that stay, being the proof of what was asked for last
 * @param failed the tasks that are asked for and failed
 */
public record DatabaseTasks(
    TaskMemory memory, Optional<Step> step, Set<String> kept, List<TaskKind> failed) {

  /** The application's component, whose pods must be gone before its database is replaced. */
  private static final String APP = "app";

  /** The component of what prepares the database for a version; both would change the same. */
  private static final String MIGRATION = "migration";

  /** On a pod: the Job's identity, which no other of the same name has. */
  static final String JOB_UID = "batch.kubernetes.io/controller-uid";

  private static final int HASH_LENGTH = 10;

  /** How a Job ended, or that it has not. */
  enum State {
    ABSENT,
    RUNNING,
    SUCCEEDED,
    FAILED
  }

  /**
   * The task at hand.
   *
   * @param command the script's word: the kind's, or {@code check} before a restore
   * @param id of the request and the volume; the same at every attempt
   * @param job name of the Job
   * @param state of the Job
   * @param waitsFor why the Job cannot be made yet; empty when it can, or is there
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

    boolean checks() {
      return !command.equals(kind.command());
    }
  }

  public DatabaseTasks {
    kept = Set.copyOf(kept);
    failed = List.copyOf(failed);
  }

  /** Decides from the spec and from what is there. */
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
      kept.addAll(List.of(job(snapshot, kind.command(), id), job(snapshot, "check", id)));
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

  /** The Job that the task is at; a restore begins with a look at the file, while all goes on. */
  private static Step next(Snapshot snapshot, TaskKind kind, String id) {
    var job = job(snapshot, kind.command(), id);
    var state = state(snapshot, job);
    if (kind == TaskKind.RESTORE && state == State.ABSENT) {
      var check = job(snapshot, "check", id);
      var checked = state(snapshot, check);
      if (checked != State.SUCCEEDED) {
        return new Step(
            kind, "check", id, check, checked, waitsFor(snapshot, false, checked, check));
      }
    }
    return new Step(
        kind, kind.command(), id, job, state, waitsFor(snapshot, kind.stopsTheApp(), state, job));
  }

  /** What is to come first; empty when the Job can be made, or is there. */
  static Optional<String> waitsFor(
      Snapshot snapshot, boolean stopsTheApp, State state, String job) {
    if (state != State.ABSENT) {
      return Optional.empty();
    }
    if (!PostgresResources.observe(snapshot).ready()) {
      return Optional.of("PostgreSQL to be available");
    }
    return jobs(snapshot).stream()
        .filter(other -> !other.getMetadata().getName().equals(job))
        .filter(other -> state(Optional.of(other)) == State.RUNNING)
        .map(other -> "Job " + other.getMetadata().getName() + " to end")
        .findFirst()
        .or(() ->
            stopsTheApp && anyLives(snapshot, APP)
                ? Optional.of("the application to stop")
                : Optional.empty())
        .or(() ->
            stopsTheApp && anyLives(snapshot, MIGRATION)
                ? Optional.of("the migration to end")
                : Optional.empty());
  }

  private static boolean anyLives(Snapshot snapshot, String component) {
    return snapshot.pods().stream().anyMatch(pod -> lives(pod, component));
  }

  private static boolean lives(Pod pod, String component) {
    var phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
    return component.equals(pod.getMetadata().getLabels().get(Labels.COMPONENT))
        && !Objects.equals(phase, "Succeeded")
        && !Objects.equals(phase, "Failed");
  }

  /** Whether the database is about to be replaced, or waits for its first content. */
  public boolean holdMigrations() {
    return failed.contains(TaskKind.SEED) || step.filter(s -> s.kind().stopsTheApp()).isPresent();
  }

  /** Whether the application is to be stopped, or not to be started yet. */
  public boolean holdTheApp() {
    return failed.contains(TaskKind.SEED)
        || step.filter(s -> s.kind().stopsTheApp() && !s.checks()).isPresent();
  }

  /** Stage 3 while a task keeps the application from running. */
  public Optional<StageResult> running(Snapshot snapshot, Masking masking) {
    if (step.isEmpty() && failed.contains(TaskKind.SEED)) {
      return failure(snapshot, masking);
    }
    return step.filter(s -> s.kind().stopsTheApp())
        .map(s -> new StageResult.Waiting(s.kind().running(), message(snapshot, s)));
  }

  /** Stage 3 when a task was asked for and failed, while all components may well be available. */
  public Optional<StageResult> failure(Snapshot snapshot, Masking masking) {
    return failed.stream()
        .filter(TaskKind::stopsTheApp)
        .findFirst()
        .map(kind ->
            new StageResult.Stalled(
                kind.failed(),
                "%s failed, the database is as it was: %s"
                    .formatted(
                        kind.command(),
                        TaskReport.of(snapshot, this, masking)
                            .task(kind)
                            .map(task -> task.message())
                            .orElse("see the events"))));
  }

  /** One sentence about the task at hand. */
  String message(Snapshot snapshot, Step at) {
    return at.kind().command()
        + at.waitsFor()
            .map(what -> " waits for " + what)
            .orElse(at.checks() ? ": the backup is checked" : ": Job " + at.job() + " runs")
        + trouble(snapshot, at.job());
  }

  /** What the pod of a Job meets, to be put behind what is said of it; empty when nothing. */
  static String trouble(Snapshot snapshot, String job) {
    var pods =
        snapshot.podsOf(DatabaseTaskResources.COMPONENT).stream()
            .filter(pod -> job.equals(pod.getMetadata().getLabels().get(JobEnd.JOB_NAME)))
            .toList();
    return Optional.ofNullable(snapshot.surroundings().warnings().get("Job/" + job))
        .filter(said -> pods.isEmpty())
        .flatMap(Refusal::ofPods)
        .map(Refusal::message)
        .or(() ->
            PodTrouble.among(pods, snapshot.logTails(), snapshot.now()).map(PodTrouble::message))
        .map(message -> ", but " + message)
        .orElse("");
  }

  static List<Job> jobs(Snapshot snapshot) {
    return snapshot.owned().list(Job.class).stream()
        .filter(job ->
            DatabaseTaskResources.COMPONENT.equals(
                job.getMetadata().getLabels().get(Labels.COMPONENT)))
        .toList();
  }

  /** Whether a task is under way, a regular backup among them. */
  static boolean anyRuns(Snapshot snapshot) {
    return jobs(snapshot).stream().anyMatch(job -> state(Optional.of(job)) == State.RUNNING);
  }

  static State state(Optional<Job> job) {
    return job.map(j ->
            JobEnd.condition(j, "Complete").isPresent()
                ? State.SUCCEEDED
                : JobEnd.condition(j, "Failed").isPresent() ? State.FAILED : State.RUNNING)
        .orElse(State.ABSENT);
  }

  private static State state(Snapshot snapshot, String job) {
    return state(snapshot.owned().find(Job.class, job));
  }

  static String job(Snapshot snapshot, String command, String id) {
    return snapshot.names().postgresTask() + "-" + command + "-" + id;
  }

  /** A new volume holds a new database: what was done to another one does not count. */
  static String id(TaskKind kind, String request, PersistentVolumeClaim claim) {
    return id(kind + "/" + request, claim.getMetadata().getUid());
  }

  static String id(String request, String volume) {
    return Hash.of(request + "/" + volume).substring(0, HASH_LENGTH);
  }
}
