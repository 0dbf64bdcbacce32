/** The environment's own Traefik: entry points, certificates, dashboard, route to the app. */
package ru.scoliologic.staging.ingress;
