package ru.scoliologic.staging.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import ru.scoliologic.staging.Given;
import ru.scoliologic.staging.api.StagingEnvironmentStatus;
import ru.scoliologic.staging.cluster.kube.Hash;
import ru.scoliologic.staging.cluster.kube.JobOutcome;
import ru.scoliologic.staging.cluster.kube.Labels;
import ru.scoliologic.staging.cluster.model.LoginTask;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * A PostgreSQL, a Redis and an application as far as logins go. Whatever is done here, the
 * application that serves must be able to log in: that is asserted after every change.
 */
class RotationWorld {
  private static final Pattern DATABASE = Pattern.compile("postgresql://([^:]+):([^@]+)@.*");
  private static final Pattern REDIS = Pattern.compile("redis://:([^@]+)@.*");

  final Map<String, Integer> asked = new TreeMap<>();
  Map<String, String> credentials = Map.of();
  final Map<String, String> roles = new HashMap<>();
  final Set<String> redisPasswords = new HashSet<>();
  String claim = "claim-1";
  String redisServer = "redis-1";
  Predicate<Map<String, String>> appRefuses = variables -> false;
  Predicate<LoginTask> jobFails = task -> false;
  String candidate;
  Pod lingering;
  boolean given;

  /** The variables of the template, and of the pods that serve. */
  Map<String, String> template = Map.of();

  /** All that the template ever said, the newest last. */
  final List<Map<String, String>> templates = new ArrayList<>();

  Map<String, String> serving = Map.of();
  boolean tooLate;
  Settings last;
  private final Map<String, LoginTask> tasks = new HashMap<>();
  private final Map<String, Boolean> ends = new HashMap<>();
  private int random;

  /** Environments by what is asked for: to read one takes longer than all the rest. */
  private static final Map<String, Snapshot> bases = new HashMap<>();

  /** One that runs with first values. */
  static RotationWorld running() {
    var world = new RotationWorld();
    world.begins();
    return world;
  }

  final void begins() {
    pass();
    serversStart();
    rolls();
    pass();
  }

  /** PostgreSQL and Redis are made with the first values. */
  void serversStart() {
    roles.put("app", credentials.get("POSTGRES_PASSWORD"));
    redisPasswords.add(credentials.get("REDIS_PASSWORD"));
  }

  RotationWorld ask(String key, int rotation) {
    asked.put(key, rotation);
    return this;
  }

  /** A whole pass of the operator. */
  void pass() {
    pass(false);
  }

  /**
   * A pass.
   *
   * @param dies whether the operator ends after it has written the credentials
   */
  void pass(boolean dies) {
    last = Configuration.resolve(snapshot());
    credentials = last.credentials();
    if (!dies) {
      template = last.appEnvironment();
      if (templates.isEmpty() || !templates.getLast().equals(template)) {
        templates.add(template);
      }
      var wanted = last.rotations().tasks();
      tasks.keySet().retainAll(wanted.stream().map(LoginTask::job).toList());
      ends.keySet().retainAll(tasks.keySet());
      wanted.forEach(task -> tasks.putIfAbsent(task.job(), task));
    }
    check();
  }

  /** Every Job that is there and has not ended does so. */
  void jobsEnd() {
    for (var task : tasks.values()) {
      if (ends.containsKey(task.job())) {
        continue;
      }
      boolean good = !jobFails.test(task) && done(task, secrets(task));
      ends.put(task.job(), good);
      check();
    }
  }

  private Map<String, String> secrets(LoginTask task) {
    var secret = new HashMap<String, String>();
    task.secrets().forEach((name, key) -> secret.put(name, credentials.get(key)));
    assertThat(secret).as("values of the variables of %s", task).doesNotContainValue(null);
    return secret;
  }

  /** Carries a task out; whether that went well. */
  boolean done(LoginTask task, Map<String, String> secret) {
    var role = task.variables().get("ROLE");
    switch (task.verb()) {
      case "admit" -> {
        assertThat(secret.get("PGPASSWORD")).isEqualTo(roles.get("app"));
        roles.put(role, secret.get("NEW"));
      }
      case "retire" -> {
        assertThat(secret.get("PGPASSWORD")).isEqualTo(roles.get("app"));
        roles.remove(role);
      }
      case "disown" -> {
        assertThat(roles.get("app")).isIn(secret.get("PGPASSWORD"), secret.get("NEW"));
        roles.put("app", secret.get("NEW"));
      }
      case "accept" -> {
        redisPasswords.clear();
        redisPasswords.add(secret.get("PASSWORD"));
        Optional.ofNullable(secret.get("OTHER")).ifPresent(redisPasswords::add);
      }
      default -> throw new AssertionError(task);
    }
    return true;
  }

  /** The Deployment comes to its end, good or bad. */
  void rolls() {
    boolean good = logsIn(template) && !appRefuses.test(template);
    tooLate = !good;
    if (good) {
      serving = template;
    }
    check();
  }

  private void check() {
    assertThat(serving.isEmpty() || logsIn(serving))
        .as(
            "the serving application can log in: %s, roles %s, Redis %s",
            serving, roles, redisPasswords)
        .isTrue();
  }

  boolean logsIn(Map<String, String> variables) {
    var database = DATABASE.matcher(variables.getOrDefault("DATABASE_URL", ""));
    var redis = REDIS.matcher(variables.getOrDefault("REDIS_URL", ""));
    return database.matches()
        && redis.matches()
        && database.group(2).equals(roles.get(database.group(1)))
        && redisPasswords.contains(redis.group(1));
  }

  /** Passes, Jobs and rolls until nothing changes any more. */
  void settles() {
    for (int round = 0; round < 30; round++) {
      var before = List.of(credentials, template, serving, roles.toString(), Map.copyOf(ends));
      pass();
      jobsEnd();
      rolls();
      if (before.equals(
          List.of(credentials, template, serving, roles.toString(), Map.copyOf(ends)))) {
        return;
      }
    }
    throw new AssertionError("it does not settle: " + rows());
  }

  StagingEnvironmentStatus.Rotation row(String key) {
    return rows().stream().filter(row -> row.key().equals(key)).findFirst().orElseThrow();
  }

  List<StagingEnvironmentStatus.Rotation> rows() {
    return last.rotations().rows() == null ? List.of() : last.rotations().rows();
  }

  Snapshot snapshot() {
    var base = bases.computeIfAbsent(asked + "/" + given, key -> base());
    var owned = new ArrayList<HasMetadata>();
    if (!credentials.isEmpty()) {
      owned.add(Given.secretOf("demo-credentials", credentials));
      owned.addAll(List.of(service(), deployment(), volume()));
    }
    tasks.keySet().forEach(job -> owned.add(job(job)));
    var pods = new ArrayList<>(List.of(redisPod()));
    ends.forEach((job, good) -> {
      if (!good) {
        pods.add(failedPod(job));
      }
    });
    if (lingering != null) {
      pods.add(lingering);
    }
    base.environment()
        .setStatus(candidate == null ? null : withCandidate(Given.status("sample-app:1")));
    return new Snapshot(
        base.environment(),
        base.others(),
        new Snapshot.Own(new OwnedObjects(owned), pods, base.logTails()),
        base.named(),
        new Snapshot.Moment(
            base.now(), (length, alphabet) -> "%s%05d".formatted("v".repeat(length - 5), ++random)),
        base.surroundings());
  }

  private Snapshot base() {
    var made =
        Given.aGoodStart()
            .edited(yaml ->
                yaml.replace(
                        "    - {name: JWT_SECRET, minLength: 32, generate: {length: 48}}\n", keys())
                    + "      - {name: REDIS_URL, value: \"redis://:$(REDIS_PASSWORD)@$(REDIS_HOST)\"}\n");
    if (given) {
      made.secret(
          "given",
          Map.of(
              "ESIA_CLIENT_ID",
              "client-1",
              "TRAEFIK_AUTH",
              Given.DASHBOARD_USER,
              "REDIS_PASSWORD",
              "given"));
    }
    return made.snapshot();
  }

  private StagingEnvironmentStatus withCandidate(StagingEnvironmentStatus status) {
    return new StagingEnvironmentStatus(
        status.observedGeneration(),
        null,
        null,
        List.of(),
        List.of(),
        null,
        new StagingEnvironmentStatus.AppVersions(
            "sample-app:1", candidate, null, null, null, null, null, null),
        List.of(),
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private String keys() {
    var lines = new StringBuilder();
    for (var key : List.of("JWT_SECRET", "POSTGRES_PASSWORD", "REDIS_PASSWORD")) {
      lines.append(
          "    - {name: %s, generate: {length: 48, rotation: %d}}\n"
              .formatted(key, asked.getOrDefault(key, 0)));
    }
    return lines.toString();
  }

  private HasMetadata volume() {
    return new PersistentVolumeClaimBuilder()
        .withNewMetadata()
        .withName("demo-postgres")
        .withUid(claim)
        .endMetadata()
        .build();
  }

  private static HasMetadata service() {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName("demo-app")
        .endMetadata()
        .withNewSpec()
        .addToSelector(Labels.VERSION, "v1")
        .endSpec()
        .build();
  }

  private Deployment deployment() {
    boolean rolled = serving.equals(template) && !tooLate;
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("demo-app-v1")
        .withGeneration(1L)
        .withLabels(Map.of(Labels.VERSION, "v1", Labels.COMPONENT, "app"))
        .withAnnotations(Map.of(Labels.IMAGE, "sample-app:1"))
        .endMetadata()
        .withNewSpec()
        .withReplicas(1)
        .withNewTemplate()
        .withNewMetadata()
        .withAnnotations(Map.of(Labels.CONFIG_HASH, Hash.of(new TreeMap<>(template))))
        .endMetadata()
        .endTemplate()
        .endSpec()
        .withNewStatus()
        .withObservedGeneration(1L)
        .withReplicas(rolled ? 1 : 2)
        .withUpdatedReplicas(1)
        .withAvailableReplicas(1)
        .addNewCondition()
        .withType("Progressing")
        .withStatus(tooLate ? "False" : "True")
        .withReason(tooLate ? "ProgressDeadlineExceeded" : "NewReplicaSetAvailable")
        .endCondition()
        .endStatus()
        .build();
  }

  private Job job(String name) {
    var job = new JobBuilder().withNewMetadata().withName(name).endMetadata().withNewStatus();
    return ends.containsKey(name)
        ? job.addNewCondition()
            .withType(ends.get(name) ? "Complete" : "Failed")
            .withStatus("True")
            .endCondition()
            .endStatus()
            .build()
        : job.endStatus().build();
  }

  private Pod failedPod(String job) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(job + "-x")
        .withLabels(Map.of(JobOutcome.JOB_NAME, job))
        .endMetadata()
        .withNewStatus()
        .addNewContainerStatus()
        .withNewState()
        .withNewTerminated()
        .withMessage("it said\nwhy, and " + credentials.get("POSTGRES_PASSWORD"))
        .endTerminated()
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  /** A pod of the application with the variables that serve now, which takes its time to end. */
  void lingers() {
    lingering =
        new PodBuilder()
            .withNewMetadata()
            .withName("demo-app-v1-x")
            .withLabels(Map.of(Labels.COMPONENT, "app", Labels.VERSION, "v1"))
            .withAnnotations(Map.of(Labels.CONFIG_HASH, Hash.of(new TreeMap<>(serving))))
            .withDeletionTimestamp("2026-01-02T03:04:05Z")
            .endMetadata()
            .withNewStatus()
            .withPhase("Running")
            .endStatus()
            .build();
  }

  private Pod redisPod() {
    return new PodBuilder()
        .withNewMetadata()
        .withName("demo-redis-0")
        .withUid(redisServer)
        .withLabels(Map.of(Labels.COMPONENT, "redis"))
        .endMetadata()
        .withNewStatus()
        .addNewContainerStatus()
        .withRestartCount(0)
        .endContainerStatus()
        .endStatus()
        .build();
  }

  /** Names of the Jobs that are there. */
  List<String> jobs() {
    return new ArrayList<>(tasks.keySet());
  }
}
