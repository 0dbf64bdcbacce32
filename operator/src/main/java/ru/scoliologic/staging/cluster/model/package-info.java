/** What a pass works with: the snapshot, planned objects, the health of components, versions. */
package ru.scoliologic.staging.cluster.model;
