/** Stage 2: secret values, the credentials the operator makes, and composed variables. */
package ru.scoliologic.staging.configuration;
