package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.stage.Reason;

/**
 * Makes what is there what was planned: server-side apply of what differs, in waves, and deletion
 * of what is no longer planned. It takes nothing over that the operator does not own, and deletes
 * no volume claim, StatefulSet or credential.
 */
public final class Applier {
  private static final Logger LOG = LoggerFactory.getLogger(Applier.class);

  /** What must exist before what: a binding's role, a pod's configuration, an Ingress' Service. */
  private static final List<Set<String>> WAVES =
      List.of(
          Set.of("ServiceAccount", "Role", "Secret", "ConfigMap", "PersistentVolumeClaim"),
          Set.of("RoleBinding", "Service", "NetworkPolicy"),
          Set.of("StatefulSet", "Deployment", "Job", "CronJob"),
          Set.of("Ingress"));

  private static final int CONFLICT = 409;

  private static final String ENVIRONMENT_KIND = HasMetadata.getKind(StagingEnvironment.class);

  private final KubernetesClient client;
  private final Cache cache;
  private final Writes writes;

  public Applier(KubernetesClient client, Cache cache, Writes writes) {
    this.client = client;
    this.cache = cache;
    this.writes = writes;
  }

  /** Who is told of every write. */
  @FunctionalInterface
  public interface Writes {
    /** A write happened; the verb is create, update or delete. */
    void wrote(String verb, String kind);
  }

  /** The watched objects, told of each write at once so that no pass sees less than was written. */
  public interface Cache {
    Optional<HasMetadata> find(HasMetadata like);

    void wrote(HasMetadata now, Optional<HasMetadata> before);
  }

  /**
   * Applies the objects.
   *
   * @return what the cluster refused, and each name that somebody else's object has; those are left
   *     as they are
   */
  public List<Refusal> apply(List<HasMetadata> planned) {
    var refusals = new ArrayList<Refusal>();
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var wave : WAVES) {
        var members = planned.stream().filter(o -> wave.contains(o.getKind())).toList();
        refusals.addAll(applyWave(pool, members));
      }
    }
    var unknown =
        planned.stream()
            .map(HasMetadata::getKind)
            .filter(kind -> WAVES.stream().noneMatch(wave -> wave.contains(kind)))
            .collect(Collectors.toSet());
    if (!unknown.isEmpty()) {
      throw new IllegalStateException("no wave for " + unknown);
    }
    return refusals;
  }

  private List<Refusal> applyWave(ExecutorService pool, List<HasMetadata> members) {
    Function<HasMetadata, Future<Optional<Refusal>>> start = o -> pool.submit(() -> applyOne(o));
    var running = members.stream().map(start).toList();
    var refusals = new ArrayList<Refusal>();
    for (var task : running) {
      try {
        task.get().ifPresent(refusals::add);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while applying", e);
      }
    }
    return refusals;
  }

  private Optional<Refusal> applyOne(HasMetadata planned) {
    FieldOwnership.seal(planned);
    var known = cache.find(planned);
    if (known.isPresent()) {
      if (FieldOwnership.unchanged(known.get(), planned)) {
        return Optional.empty();
      }
    } else {
      var there = client.resource(planned).get();
      if (there != null) {
        var owner = Labels.environmentOf(planned).orElseThrow();
        if (!Labels.environmentOf(there).equals(Optional.of(owner))) {
          return Optional.of(
              new Refusal(
                  Reason.NAME_TAKEN,
                  "%s %s exists and does not belong to this environment (it lacks the label %s=%s)"
                      .formatted(
                          there.getKind(),
                          there.getMetadata().getName(),
                          Labels.ENVIRONMENT,
                          owner)));
        }
        // Ours, but the watch has not shown it yet: the plan was made without it, so it is stale.
        throw new StaleView(there);
      }
    }
    HasMetadata applied;
    try {
      applied =
          client
              .resource(planned)
              .fieldManager(FieldOwnership.MANAGER)
              .forceConflicts()
              .serverSideApply();
    } catch (KubernetesClientException e) {
      var refusal = Refusal.of(planned, e);
      if (refusal.isPresent()) {
        return refusal;
      }
      if (known.isEmpty() || !ListReplacement.mayHelp(planned, e)) {
        throw e;
      }
      applied = ListReplacement.apply(client, planned);
    }
    cache.wrote(applied, known);
    writes.wrote(known.isPresent() ? "update" : "create", applied.getKind());
    log(known.isPresent() ? "updated" : "created", applied);
    return Optional.empty();
  }

  /**
   * Deletes what is ours and no longer planned, but never data or credentials.
   *
   * @param abandoned keys of Jobs that go too, although they have not ended
   * @return what the cluster refused to delete
   */
  public List<Refusal> prune(Observed observed, Set<String> plannedKeys, Set<String> abandoned) {
    var refusals = new ArrayList<Refusal>();
    for (var object : observed.objects()) {
      if (plannedKeys.contains(key(object))
          || object.isMarkedForDeletion()
          || object instanceof PersistentVolumeClaim
          || !WAVES.stream().anyMatch(wave -> wave.contains(object.getKind()))
          || object.getKind().equals("StatefulSet")
          || object.getMetadata().getName().endsWith("-credentials")
          || (goesByItself(object) && !abandoned.contains(key(object)))) {
        continue;
      }
      try {
        client.resource(object).withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
      } catch (KubernetesClientException e) {
        refusals.add(Refusal.of(object, e).orElseThrow(() -> e));
        continue;
      }
      writes.wrote("delete", object.getKind());
      log("deleted", object);
    }
    return refusals;
  }

  /**
   * Deletes StatefulSets, and volume claims that were made for a first deployment. Needs a right
   * that the operator has only where somebody gave it; each is deleted only if it still is as it
   * was seen.
   *
   * @return what the cluster refused to delete; the rest is not tried then
   */
  public List<Refusal> wipe(List<HasMetadata> objects) {
    for (var object : objects) {
      var annotations = object.getMetadata().getAnnotations();
      if (!object.getKind().equals("StatefulSet")
          && (annotations == null || !annotations.containsKey(Labels.FIRST_DEPLOYMENT))) {
        throw new IllegalArgumentException(key(object) + " was not made for a first deployment");
      }
      try {
        client
            .resource(object)
            .lockResourceVersion(object.getMetadata().getResourceVersion())
            .delete();
      } catch (KubernetesClientException e) {
        if (e.getCode() == CONFLICT) {
          throw new StaleView(object);
        }
        return List.of(Refusal.of(object, e).orElseThrow(() -> e));
      }
      writes.wrote("delete", object.getKind());
      log("deleted", object);
    }
    return List.of();
  }

  /** A Job that has not ended, and what another object made, such as a CronJob's Jobs. */
  private static boolean goesByItself(HasMetadata object) {
    boolean running =
        object instanceof Job job
            && (job.getStatus() == null
                || job.getStatus().getConditions().stream()
                    .noneMatch(c ->
                        Set.of("Complete", "Failed").contains(c.getType())
                            && "True".equals(c.getStatus())));
    return running
        || object.getMetadata().getOwnerReferences().stream()
            .anyMatch(owner ->
                Boolean.TRUE.equals(owner.getController())
                    && !owner.getKind().equals(ENVIRONMENT_KIND));
  }

  /** Kind and name: what tells two objects of one environment apart. */
  public static String key(HasMetadata object) {
    return object.getKind() + "/" + object.getMetadata().getName();
  }

  private static void log(String what, HasMetadata object) {
    LOG.atInfo()
        .addKeyValue("namespace", object.getMetadata().getNamespace())
        .addKeyValue("environment", Labels.environmentOf(object).orElse(""))
        .addKeyValue("object", key(object))
        .log(what);
  }

  /** The watch lags behind the server; the pass is to be repeated. */
  public static final class StaleView extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StaleView(HasMetadata object) {
      super("the watch has not shown " + key(object) + " yet");
    }
  }
}
