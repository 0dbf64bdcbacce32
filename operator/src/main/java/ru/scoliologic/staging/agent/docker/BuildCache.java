package ru.scoliologic.staging.agent.docker;

import com.github.dockerjava.api.command.PruneCmd;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Image;
import com.github.dockerjava.api.model.PruneType;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Built images in an engine. The newest ones are kept, because their layers are the cache of the
 * next build.
 */
final class BuildCache {
  /** Label of a built image: its tag. */
  static final String SOURCE = "ru.scoliologic.staging/source";

  /** Label of a built image: its repository. One engine may serve several. */
  static final String REPOSITORY = "ru.scoliologic.staging/repository";

  /** How long intermediate stages are kept as cache. */
  private static final String STAGES = "336h";

  private final String repository;
  private final boolean own;

  /**
   * @param repository of the images
   * @param own whether the engine is the agent's own; on another one only the agent's images are
   *     used
   */
  BuildCache(String repository, boolean own) {
    this.repository = repository;
    this.own = own;
  }

  Map<String, String> labels(String tag) {
    return Map.of(SOURCE, tag, REPOSITORY, repository);
  }

  /** Whether the engine has the image of a tag from an earlier attempt. */
  boolean has(DockerEngine engine, String tag) throws DockerEngineException {
    try {
      var image = engine.ask(d -> d.inspectImageCmd(repository + ":" + tag).exec());
      var labels = image.getConfig() == null ? null : image.getConfig().getLabels();
      return labels != null
          && tag.equals(labels.get(SOURCE))
          && repository.equals(labels.get(REPOSITORY));
    } catch (DockerEngineException e) {
      if (e.notFound()) {
        return false;
      }
      throw e;
    }
  }

  /** Removes all but the newest images, and stages that no build uses any more. */
  void tidy(DockerEngine engine, int keep) throws DockerEngineException {
    removeOld(engine, keep);
    if (own) {
      prune(engine, PruneType.CONTAINERS, prune -> prune);
      prune(engine, PruneType.IMAGES, prune -> prune.withDangling(true).withUntilFilter(STAGES));
    }
  }

  /** Frees disk space; on an own engine removes all that no container uses. */
  void makeRoom(DockerEngine engine) throws DockerEngineException {
    removeOld(engine, 1);
    if (own) {
      prune(engine, PruneType.CONTAINERS, prune -> prune);
      prune(engine, PruneType.IMAGES, prune -> prune.withDangling(false));
      prune(engine, PruneType.BUILD, prune -> prune);
    }
  }

  private static void prune(DockerEngine engine, PruneType type, UnaryOperator<PruneCmd> options)
      throws DockerEngineException {
    engine.ask(d -> options.apply(d.pruneCmd(type)).exec());
  }

  private void removeOld(DockerEngine engine, int keep) throws DockerEngineException {
    List<Image> images =
        engine.ask(d -> d.listImagesCmd().withLabelFilter(Map.of(REPOSITORY, repository)).exec());
    var old =
        images.stream()
            .sorted(Comparator.comparing(Image::getCreated).reversed())
            .skip(keep)
            .flatMap(this::names)
            .toList();
    for (var name : old) {
      engine.ask(d -> {
        try {
          return d.removeImageCmd(name).exec();
        } catch (NotFoundException | ConflictException e) {
          // It is already gone, or another image or a container needs it.
          return null;
        }
      });
    }
  }

  /** Names to remove; the image goes with them unless it has other names. */
  private Stream<String> names(Image image) {
    var tags =
        image.getRepoTags() == null
            ? List.<String>of()
            : Stream.of(image.getRepoTags())
                .filter(Objects::nonNull)
                .filter(tag -> !tag.equals("<none>:<none>"))
                .toList();
    return tags.isEmpty()
        ? Stream.of(image.getId())
        : tags.stream().filter(tag -> tag.startsWith(repository + ":"));
  }
}
