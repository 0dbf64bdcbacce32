/** Stage 2: secret values, generated credentials and composed variables. */
package ru.scoliologic.staging.configuration;
